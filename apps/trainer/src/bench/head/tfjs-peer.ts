import type { HeadMeasurement as TensorMeasurement } from '@cf/tfjs/bench';
import { openTfjs, type TfjsName } from '../../engines/open-framework.ts';
import { checkTask, type HeadTask } from './head-task.ts';
import { answer, type PeerResult, type PeerTime } from './peers.ts';
import { openProductRate } from './product-rate.ts';

/** What a process tells that measures TensorFlow.js; times in seconds, memory in bytes of tensors beyond X and W. */
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

/**
 * Measures CurricularFace on TensorFlow.js in this process.
 *
 * @throws BackendError
 */
export async function measureTfjs(task: TfjsTask): Promise<TfjsMeasurement> {
  checkTask(task);
  const rate = await openProductRate(task.threads);
  for (let i = 0; i < 5; i++) await rate.measure();
  const backend = task.backend.slice('tfjs-'.length) as TfjsName;
  await openTfjs(backend);
  const [{ measureHead }, tf] = await Promise.all([import('@cf/tfjs/bench'), import('@tensorflow/tfjs')]);
  const { batch, dim, classes, steps, plain, diagnostics } = task;
  const compared = await measureHead({
    backend: tf.getBackend(),
    batch,
    dim,
    classes,
    steps,
    plain,
    head: { countNegatives: diagnostics },
  });
  return {
    backend,
    version: tf.version.tfjs,
    ours: compared.ours,
    plain: compared.plain,
    productsSeconds: compared.productsSeconds,
    productRate: await rate.close(),
  };
}

/** Steps of plain code, which takes seconds each. */
const STEPS = 2;

/** Plain TensorFlow.js code on wasm, as a peer of other backends. */
export async function tfjsPeer(task: HeadTask, measureCommand: readonly string[]): Promise<PeerResult> {
  if (task.loss !== 'curricularface')
    return { skipped: `TensorFlow.js: its plain code here is curricularface, not ${task.loss}` };
  const job: TfjsTask = { ...task, backend: 'tfjs-wasm', steps: STEPS, plain: true };
  try {
    const measured = JSON.parse(
      await answer(process.execPath, measureCommand, JSON.stringify(job), process.env),
    ) as TfjsMeasurement;
    const { speedup: _, ...peer } = plainTfjs(measured, 1);
    return peer;
  } catch (error) {
    return {
      skipped: `plain TensorFlow.js code on wasm: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

/** The matrix products alone as a peer of what takes `seconds`. */
export function productsAlone(
  { backend, version, productsSeconds }: TfjsMeasurement,
  seconds: number,
): PeerTime {
  return {
    name: `the three matrix products alone, TensorFlow.js on ${backend}`,
    version,
    medianSeconds: productsSeconds,
    speedup: productsSeconds / seconds,
  };
}

/** Plain code as a peer of what takes `seconds`. */
export function plainTfjs({ backend, version, plain }: TfjsMeasurement, seconds: number): PeerTime {
  const { medianSeconds } = plain!;
  return {
    name: `plain TensorFlow.js code on ${backend}`,
    version,
    medianSeconds,
    speedup: medianSeconds / seconds,
  };
}
