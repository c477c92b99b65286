import { answer, skippedFor } from '../python.ts';
import type { HeadTask } from './head-task.ts';
import { otherThanPeers, type PeerResult, type PeerTime } from './peers.ts';

/** One way of taking the step on tensors: loss, ∂X and ∂W, the loss read back. */
export interface TensorMeasurement {
  /** Median over the timed steps. */
  readonly medianSeconds: number;
  /** Largest amount that tensors came to during a step, beyond X and W. */
  readonly peakBytes: number;
  /** Of the first step, to see that all compute the same. */
  readonly loss: number;
}

/** What a process tells that measures TensorFlow.js; times in seconds. */
export interface TfjsMeasurement {
  readonly backend: string;
  readonly version: string;
  readonly ours: TensorMeasurement;
  readonly plain: TensorMeasurement | undefined;
  /** The three matrix products alone on this backend. */
  readonly productsSeconds: number;
  /** Best rate of float32 matrix products of the machine, in operations a second. */
  readonly productRate: number;
}

/** A head of TensorFlow.js on tensors, and plain code for the same loss where it is asked for. */
export interface TfjsTask extends HeadTask {
  readonly plain: boolean;
}

/** Steps of plain code, which takes seconds each. */
const STEPS = 2;

/** Plain TensorFlow.js code on wasm, as a peer of other backends. */
export async function tfjsPeer(task: HeadTask, measureCommand: readonly string[]): Promise<PeerResult> {
  const other = otherThanPeers(task);
  if (other !== undefined)
    return { skipped: `TensorFlow.js: its plain code here is curricularface, not ${other}` };
  try {
    const job: TfjsTask = { ...task, backend: 'tfjs-wasm', steps: STEPS, plain: true };
    return plainTfjs(await answer(process.execPath, measureCommand, job));
  } catch (error) {
    return { skipped: `plain TensorFlow.js code on wasm: ${skippedFor(error)}` };
  }
}

type Unrelated = Omit<PeerTime, 'speedup'>;

/** The matrix products alone as a peer. */
export function productsAlone({ backend, version, productsSeconds }: TfjsMeasurement): Unrelated {
  const name = `the three matrix products alone, TensorFlow.js on ${backend}`;
  return { name, version, medianSeconds: productsSeconds };
}

/** Plain code as a peer. */
export function plainTfjs({ backend, version, plain }: TfjsMeasurement): Unrelated {
  const { medianSeconds } = plain!;
  return { name: `plain TensorFlow.js code on ${backend}`, version, medianSeconds };
}
