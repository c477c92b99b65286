import type { Device } from '../../engines/device.ts';
import type { KernelChoice } from '../../engines/kernel-choice.ts';
import type { MemoryChoice } from '../../engines/memory-choice.ts';
import type { Peer } from '../python.ts';

/** Backbones that can be measured. */
export type BenchModel = (typeof BENCH_MODELS)[number];
export const BENCH_MODELS = ['mobilefacenet', 'tiny-iresnet', 'iresnet18'] as const;

/** What to measure, without what goes beside it. */
export interface BackboneTask {
  readonly model: BenchModel;
  /** Images a step. */
  readonly batch: number;
  /** Threads of onnxruntime and PyTorch. */
  readonly threads: number;
  /** Where onnxruntime runs; the processor by default. */
  readonly device?: Device;
  /** What computes on the processor; oneDNN by default, where it is found. */
  readonly kernels?: KernelChoice;
  /** Steps that count, after two that don't. */
  readonly runs: number;
  /** Side of the pictures, of a residual network; the network's own by default. */
  readonly side?: number;
  /** `low`: activations are computed again on the way back; all are kept by default. */
  readonly memory?: MemoryChoice;
}

export interface BackboneBenchOptions extends BackboneTask {
  /** How often ours and PyTorch are measured, in turn; the round in the middle is told. */
  readonly rounds: number;
  /** Whether to measure every layer shape on its own. */
  readonly layers: boolean;
  /** Whether to measure PyTorch where it is present. */
  readonly peer: boolean;
  /** The Python that may have torch. */
  readonly python: string;
}

/** Medians of one side, and its memory. */
export interface StepTimes {
  readonly forwardSeconds: number;
  readonly backwardSeconds: number;
  /** Processor time of a step over all threads: what is left to compare where others use the machine too. */
  readonly cpuSeconds: number;
  /** Batch over the median time of forward and backward. */
  readonly imagesPerSecond: number;
  /**
   * Peak resident memory of the process, in MiB, above what it has once library, weights and pictures are there; null
   * where the system does not tell (it has no /proc).
   */
  readonly peakExtraMiB: number | null;
}

/** Rates of a convolution in GFLOP/s, each counting two operations a product. */
export interface LayerRate {
  /** Such as `64→64 3×3 /2 from 28×28`. */
  readonly layer: string;
  /** How many layers of the network have this shape. */
  readonly count: number;
  readonly gflop: number;
  readonly forward: number;
  /** Gradient of the input; nothing computes that of the first layer. */
  readonly inputGradient?: number;
  readonly weightGradient: number;
}

/** PyTorch on the same network and batch, or why there is none. */
export type PeerReport = Peer<{ readonly library: string; readonly version: string } & StepTimes>;

/** What `benchBackbone` measured. */
export interface BackboneReport extends BackboneTask, StepTimes {
  /** With `memory: 'low'`: the same steps with all that is kept otherwise, in the same round. */
  readonly normal?: StepTimes;
  readonly rounds: number;
  /** What computed ours, such as `oneDNN 2.6.3`. */
  readonly computedBy: string;
  readonly parameters: number;
  /** 10⁹ operations of convolutions and products an image and step, forward and backward. */
  readonly gflopPerImage: number;
  readonly gflopPerSecond: number;
  /** Best rate of a float32 matrix product in the same run. */
  readonly limitGflopPerSecond: number;
  readonly shareOfLimit: number;
  readonly layers: readonly LayerRate[];
  readonly peer: PeerReport;
  /** Images a second over those of the peer. */
  readonly ratioToPeer?: number;
  /** The peer's peak memory over ours: above 1, ours takes less. */
  readonly memoryRatioToPeer?: number;
}
