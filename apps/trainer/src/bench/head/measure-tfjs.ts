import { curricularFace } from '@cf/core';
import { marginHead } from '@cf/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { openTfjs, type TfjsName } from '../../engines/open-framework.ts';
import { openProductRate } from '../product-rate.ts';
import { median, secondsOf } from '../timing.ts';
import { checkTask } from './head-task.ts';
import { plainCurricularFace } from './plain-head.ts';
import type { TensorMeasurement, TfjsMeasurement, TfjsTask } from './tfjs-peer.ts';

type Step = () => { readonly loss: tf.Tensor; readonly gradients: tf.Tensor[] };

/**
 * Times CurricularFace's step on TensorFlow.js, forward and backward, in this process: the head of @cf/tfjs, plain code
 * where it is asked for, and three whole matrix products of the head's sizes, alternating. One step of each is not timed.
 *
 * A step is over when its loss has been read back, and the first entry of ∂W.
 *
 * @throws BackendError, OptionOutOfRangeError
 */
export async function measureTfjs(task: TfjsTask): Promise<TfjsMeasurement> {
  checkTask(task);
  const rate = await openProductRate(task.threads);
  for (let i = 0; i < 5; i++) await rate.measure();
  const backend = task.backend.slice('tfjs-'.length);
  await openTfjs(backend as TfjsName, `--backend ${task.backend}`);
  const measured = await interleaved(task);
  return {
    backend,
    version: tf.version_core,
    ours: measured.ours!,
    plain: measured.plain,
    productsSeconds: measured.products!.medianSeconds,
    productRate: await rate.close(),
  };
}

async function interleaved(task: TfjsTask): Promise<Record<string, TensorMeasurement>> {
  const { batch, dim, classes, steps, plain, diagnostics } = task;
  const x = tf.randomNormal([batch, dim], 0, 1, 'float32', 1) as tf.Tensor2D;
  const w = tf.randomNormal([classes, dim], 0, 1, 'float32', 2) as tf.Tensor2D;
  const labels = tf.tensor1d(
    Int32Array.from({ length: batch }, (_, i) => (i * 7919) % classes),
    'int32',
  );
  const across = tf.transpose(x);
  const slopes = tf.randomNormal([batch, classes], 0, 1, 'float32', 3) as tf.Tensor2D;
  const slopesAcross = tf.transpose(slopes);
  const head = marginHead(curricularFace({ tInitial: 0, alpha: 0 }), { countNegatives: diagnostics });
  const steppers: Record<string, Step> = {
    ours: differentiated(x, w, (embeddings, weights) => head.apply({ embeddings, weights, labels }).loss),
    ...(plain && {
      plain: differentiated(x, w, (embeddings, weights) =>
        plainCurricularFace(embeddings, weights, labels, tf.scalar(0)),
      ),
    }),
    products: () => {
      const cosines = tf.matMul(w, across);
      const gradients = [tf.matMul(slopes, w), tf.matMul(slopesAcross, x), cosines];
      return { loss: tf.tidy(() => tf.slice(cosines, [0, 0], [1, 1])), gradients };
    },
  };
  try {
    const measured = new Map<string, Awaited<ReturnType<typeof profiled>> & { seconds: number[] }>();
    for (const [name, step] of Object.entries(steppers))
      measured.set(name, { ...(await profiled(step)), seconds: [] });
    for (let turn = 0; turn < steps; turn++) {
      for (const [name, step] of Object.entries(steppers))
        measured.get(name)!.seconds.push(await secondsOf(() => finished(step())));
    }
    const entries = [...measured].map(([name, { seconds, ...rest }]) => [
      name,
      { ...rest, medianSeconds: median(seconds) },
    ]);
    return Object.fromEntries(entries);
  } finally {
    tf.dispose([x, w, labels, across, slopes, slopesAcross]);
  }
}

function differentiated(
  x: tf.Tensor2D,
  w: tf.Tensor2D,
  loss: (embeddings: tf.Tensor2D, weights: tf.Tensor2D) => tf.Tensor,
): Step {
  const step = tf.valueAndGrads((...[a, b]: tf.Tensor[]) => loss(a as tf.Tensor2D, b as tf.Tensor2D));
  return () => {
    const { value, grads } = step([x, w]);
    return { loss: value, gradients: grads };
  };
}

/** A step that is not timed: it warms up, and its memory is watched. */
async function profiled(step: Step): Promise<Omit<TensorMeasurement, 'medianSeconds'>> {
  const before = tf.memory().numBytes;
  let peakBytes = 0;
  let result: ReturnType<Step> | undefined;
  const { kernels } = await tf.profile(() => {
    result = step();
    return result.loss;
  });
  for (const { totalBytesSnapshot } of kernels) peakBytes = Math.max(peakBytes, totalBytesSnapshot - before);
  return { peakBytes, loss: await finished(result!) };
}

/** Waits for the device, reading as little as possible, and frees the step. */
async function finished({ loss, gradients }: ReturnType<Step>): Promise<number> {
  const corner = tf.tidy(() => tf.slice(tf.gather(gradients[1]!, tf.tensor1d([0], 'int32')), [0, 0], [1, 1]));
  const [value] = await Promise.all([loss.data(), corner.data()]);
  tf.dispose([loss, corner, ...gradients]);
  return value[0]!;
}
