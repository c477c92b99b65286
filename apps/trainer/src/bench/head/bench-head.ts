import type { HeadTask, Regime } from './head-task.ts';
import type { HeadMeasurement } from './measure-head.ts';
import { answer, type PeerResult, type PeerTime, pytorchPeers } from './peers.ts';
import { plainTfjs, productsAlone, type TfjsMeasurement, tfjsPeer } from './tfjs-peer.ts';

/** What `cf bench head` prints. Times in seconds. */
export interface HeadReport {
  readonly backend: string;
  readonly batch: number;
  readonly dim: number;
  readonly classes: number;
  readonly loss: string;
  readonly threads: number;
  readonly steps: number;
  /** Whether every step counted its hard negatives. */
  readonly diagnostics: boolean;
  /** Nothing learnt yet: no tile to skip. */
  readonly medianSeconds: number;
  /** 6·B·d·C operations at the best rate of matrix products seen in the same run. */
  readonly limitSeconds: number;
  readonly ratioToLimit: number;
  /** Peak memory beyond runtime, X, W and ∂W, in MiB. */
  readonly peakExtraMiB: number | null;
  /** Of what: resident memory of the process, or the tensors that its framework counts. */
  readonly memoryOf: 'process' | 'tensors';
  readonly skippedShare: number | null;
  /** Embeddings near their class centers; null for backends that skip nothing. */
  readonly late: {
    readonly medianSeconds: number;
    readonly ratioToLimit: number;
    readonly skippedShare: number | null;
  } | null;
  readonly peers: readonly PeerTime[];
  /** Peers that could not be measured, and why. */
  readonly skippedPeers: readonly string[];
}

export interface HeadBenchOptions {
  /** Also measure other implementations where they are present. */
  readonly peers: boolean;
  /** A Python that may have torch. */
  readonly python: string;
  /** Tells what is being measured. */
  readonly say: (line: string) => void;
}

/**
 * Measures a head in processes of its own, in both regimes, and its peers on the same batch.
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
  if (task.backend.startsWith('tfjs-')) return benchTfjs(task, measureCommand, { peers, say });
  const measure = async (regime: Regime): Promise<HeadMeasurement> => {
    say(`${task.backend}, ${regime}: ${task.steps} steps`);
    const input = JSON.stringify({ ...task, regime });
    return JSON.parse(await answer(process.execPath, measureCommand, input, process.env)) as HeadMeasurement;
  };
  const init = await measure('init');
  const late = await measure('late');
  if (peers) say('peers');
  const problem = { ...task, regime: 'init' } as const;
  const results: readonly PeerResult[] = peers
    ? [...(await pytorchPeers(problem, python)), await tfjsPeer(problem, measureCommand)]
    : [];
  const operations = operationsOf(task);
  return {
    ...measuredOf(task, init.medianSeconds, init.productRate),
    peakExtraMiB: init.peakExtraMiB,
    memoryOf: 'process',
    skippedShare: init.skippedShare,
    late: {
      medianSeconds: late.medianSeconds,
      ratioToLimit: (late.medianSeconds * late.productRate) / operations,
      skippedShare: late.skippedShare,
    },
    peers: results.flatMap((peer) =>
      'skipped' in peer ? [] : [{ ...peer, speedup: peer.medianSeconds / init.medianSeconds }],
    ),
    skippedPeers: results.flatMap((peer) => ('skipped' in peer ? [peer.skipped] : [])),
  };
}

/** The head on tensors, and plain TensorFlow.js code, in turn in one process. */
async function benchTfjs(
  task: Omit<HeadTask, 'regime'>,
  measureCommand: readonly string[],
  { peers, say }: Pick<HeadBenchOptions, 'peers' | 'say'>,
): Promise<HeadReport> {
  say(`${task.backend}: ${task.steps} steps${peers ? ', and plain TensorFlow.js code in turn' : ''}`);
  const input = JSON.stringify({ ...task, regime: 'init', plain: peers });
  const measured = JSON.parse(
    await answer(process.execPath, measureCommand, input, process.env),
  ) as TfjsMeasurement;
  const { medianSeconds, peakBytes } = measured.ours;
  return {
    ...measuredOf(task, medianSeconds, measured.productRate),
    peakExtraMiB: (peakBytes - BYTES * task.classes * task.dim) / 2 ** 20,
    memoryOf: 'tensors',
    skippedShare: null,
    late: null,
    peers: peers ? [plainTfjs(measured, medianSeconds), productsAlone(measured, medianSeconds)] : [],
    skippedPeers: [],
  };
}

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Three matrix products. */
function operationsOf({ batch, dim, classes }: Pick<HeadTask, 'batch' | 'dim' | 'classes'>): number {
  return 6 * batch * dim * classes;
}

/** The task, and its time beside the limit. */
function measuredOf(
  { backend, batch, dim, classes, loss, threads, steps, diagnostics }: Omit<HeadTask, 'regime'>,
  medianSeconds: number,
  productRate: number,
): Omit<HeadReport, 'peakExtraMiB' | 'memoryOf' | 'skippedShare' | 'late' | 'peers' | 'skippedPeers'> {
  const limitSeconds = operationsOf({ batch, dim, classes }) / productRate;
  return {
    backend,
    batch,
    dim,
    classes,
    loss,
    threads,
    steps,
    diagnostics,
    medianSeconds,
    limitSeconds,
    ratioToLimit: medianSeconds / limitSeconds,
  };
}
