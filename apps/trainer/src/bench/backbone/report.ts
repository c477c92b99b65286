/** Backbones that can be measured. */
export type BenchModel = 'mobilefacenet' | 'tiny-iresnet' | 'iresnet18';
export const BENCH_MODELS: readonly BenchModel[] = ['mobilefacenet', 'tiny-iresnet', 'iresnet18'];

/** What to measure. */
export interface BackboneBenchOptions {
  readonly model: BenchModel;
  /** Images a step. */
  readonly batch: number;
  /** Threads of onnxruntime and PyTorch; 2 by default. */
  readonly threads?: number;
  /** Steps that count, after two that don't; 5 by default. */
  readonly runs?: number;
  /** Whether to measure every layer shape on its own; true by default. */
  readonly layers?: boolean;
  /** Whether to measure PyTorch where it is present; true by default. */
  readonly peer?: boolean;
  /** The Python that may have torch; `/usr/bin/python3` by default. */
  readonly python?: string;
}

/** Medians of one side. */
export interface StepTimes {
  readonly forwardSeconds: number;
  readonly backwardSeconds: number;
  /** Processor time of a step over all threads: what is left to compare where others use the machine too. */
  readonly cpuSeconds: number;
  /** Batch over the median time of forward and backward. */
  readonly imagesPerSecond: number;
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
export type PeerReport =
  | ({ readonly library: string; readonly version: string } & StepTimes)
  | { readonly skipped: string };

/** What `benchBackbone` measured. */
export interface BackboneReport extends StepTimes {
  readonly model: BenchModel;
  readonly batch: number;
  readonly threads: number;
  readonly runs: number;
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
}
