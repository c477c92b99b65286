import { KEEP_MEMORY } from '../../keep-memory.ts';
import { answer } from '../python.ts';
import type { HeadTask, Regime } from './head-task.ts';
import type { HeadMeasurement } from './measure-head.ts';
import type { HeadParts, PartsTask } from './measure-parts.ts';
import { type PeerResult, type PeerTime, pytorchPeers } from './peers.ts';
import { plainTfjs, productsAlone, type TfjsMeasurement, type TfjsTask, tfjsPeer } from './tfjs-peer.ts';

/** A time beside the limit of the machine, in seconds. */
interface BesideLimit {
  readonly medianSeconds: number;
  /** Over 6·B·d·C·K operations at the best rate of matrix products seen in the same run. */
  readonly ratioToLimit: number;
  readonly skippedShare: number | null;
}

/** What is measured: a task in both regimes, of any batch. */
type Measured = Omit<HeadTask, 'regime' | 'seed'>;

/** What `cf bench head` prints. Times in seconds; those of the head itself are before anything is learnt. */
export interface HeadReport extends Measured, BesideLimit {
  /** 6·B·d·C·K operations at the best rate of matrix products seen in the same run. */
  readonly limitSeconds: number;
  /** What multiplies, where a backend tells: `runtime`, or the library. */
  readonly products: string | null;
  /** Peak memory beyond runtime, X, W and ∂W, in MiB. */
  readonly peakExtraMiB: number | null;
  /** Of what: resident memory of the process, or the tensors that its framework counts. */
  readonly memoryOf: 'process' | 'tensors';
  /** Embeddings near their class centers; null for backends that skip nothing. */
  readonly late: BesideLimit | null;
  /** Where the time of a step goes; null for backends that do not tell. */
  readonly parts: HeadParts | null;
  /** A head so small that what a step costs in any case is most of it; null where it was not measured. */
  readonly small: SmallHead | null;
  readonly peers: readonly PeerTime[];
  /** Peers that could not be measured, and why. */
  readonly skippedPeers: readonly string[];
}

/** What a step of a small head takes. */
export interface SmallHead {
  readonly batch: number;
  readonly classes: number;
  readonly medianSeconds: number;
  readonly peers: readonly PeerTime[];
}

/** A head whose three products take a fraction of a millisecond. */
const SMALL = { batch: 32, classes: 1000, steps: 100 } as const;

export interface HeadBenchOptions {
  /** Also measure other implementations where they are present. */
  readonly peers: boolean;
  /** A Python that may have torch. */
  readonly python: string;
  /** Tells what is being measured. */
  readonly say: (line: string) => void;
}

/**
 * Measures a head in processes of its own, in both regimes, and its peers on the same batch. Memory is allocated as
 * `cf train` has it.
 *
 * TensorFlow.js is measured on tensors that are on the device already, in turn with plain TensorFlow.js code.
 *
 * @param measureCommand the arguments with which Node runs a task from stdin and prints its measurement.
 */
export async function benchHead(
  task: Omit<HeadTask, 'regime'>,
  measureCommand: readonly string[],
  { peers, python, say }: HeadBenchOptions,
): Promise<HeadReport> {
  const problem = { ...task, regime: 'init' } as const;
  if (task.backend.startsWith('tfjs-')) {
    say(`${task.backend}: ${task.steps} steps${peers ? ', and plain TensorFlow.js code in turn' : ''}`);
    const job: TfjsTask = { ...problem, plain: peers };
    const measured = await answer<TfjsMeasurement>(process.execPath, measureCommand, job);
    const { medianSeconds, peakBytes } = measured.ours;
    const gradientBytes = Float32Array.BYTES_PER_ELEMENT * task.classes * task.dim;
    return {
      ...besideOthers(
        task,
        { medianSeconds, skippedShare: null, productRate: measured.productRate },
        peers ? [plainTfjs(measured), productsAlone(measured)] : [],
      ),
      products: null,
      peakExtraMiB: (peakBytes - gradientBytes) / 2 ** 20,
      memoryOf: 'tensors',
      late: null,
      parts: null,
      small: null,
    };
  }
  const environment = { ...process.env, ...KEEP_MEMORY };
  const measure = (regime: Regime): Promise<HeadMeasurement> => {
    say(`${task.backend}, ${regime}: ${task.steps} steps`);
    return answer(process.execPath, measureCommand, { ...task, regime }, { environment });
  };
  const init = await measure('init');
  const late = await measure('late');
  const tells = task.backend === 'onnx';
  if (tells) say(`${task.backend}, where the time goes: ${task.steps} steps`);
  const partsTask: PartsTask = { ...problem, parts: true };
  const parts = tells
    ? await answer<HeadParts>(process.execPath, measureCommand, partsTask, { environment })
    : null;
  const small = tells
    ? await measureSmall({ ...problem, ...SMALL }, measureCommand, { peers, python, say })
    : null;
  if (peers) say('peers');
  const results = peers
    ? [...(await pytorchPeers(problem, python)), await tfjsPeer(problem, measureCommand)]
    : [];
  return {
    ...besideOthers(task, init, results),
    products: init.products,
    peakExtraMiB: init.peakExtraMiB,
    memoryOf: 'process',
    late: besideLimit(task, late),
    parts,
    small,
  };
}

/** A step of a small head, and of PyTorch's. */
async function measureSmall(
  task: HeadTask,
  measureCommand: readonly string[],
  { peers, python, say }: HeadBenchOptions,
): Promise<SmallHead> {
  const { batch, classes, steps } = task;
  say(`${task.backend}, ${batch} × ${classes}: ${steps} steps`);
  const environment = { ...process.env, ...KEEP_MEMORY };
  const { medianSeconds } = await answer<HeadMeasurement>(process.execPath, measureCommand, task, {
    environment,
  });
  const results = peers ? await pytorchPeers(task, python) : [];
  return { batch, classes, medianSeconds, peers: besideOurs(results, medianSeconds) };
}

function besideOurs(results: readonly PeerResult[], seconds: number): readonly PeerTime[] {
  return results.flatMap((peer) =>
    'skipped' in peer ? [] : [{ ...peer, speedup: peer.medianSeconds / seconds }],
  );
}

type Timed = Pick<HeadMeasurement, 'medianSeconds' | 'productRate' | 'skippedShare'>;

/** Three matrix products at the best rate that was seen. */
function limitOf({ batch, dim, classes, subCenters }: Measured, productRate: number): number {
  return (6 * batch * dim * classes * subCenters) / productRate;
}

function besideLimit(task: Measured, { medianSeconds, productRate, skippedShare }: Timed): BesideLimit {
  return { medianSeconds, ratioToLimit: medianSeconds / limitOf(task, productRate), skippedShare };
}

function besideOthers(
  { seed: _, ...task }: Omit<HeadTask, 'regime'>,
  measured: Timed,
  results: readonly PeerResult[],
): Omit<HeadReport, 'products' | 'peakExtraMiB' | 'memoryOf' | 'late' | 'parts' | 'small'> {
  return {
    ...task,
    limitSeconds: limitOf(task, measured.productRate),
    ...besideLimit(task, measured),
    peers: besideOurs(results, measured.medianSeconds),
    skippedPeers: results.flatMap((peer) => ('skipped' in peer ? [peer.skipped] : [])),
  };
}
