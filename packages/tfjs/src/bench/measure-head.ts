import { curricularFace, requireInteger } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { activateBackend } from '../backend/active-backend.ts';
import { type MarginHeadOptions, marginHead } from '../tensor-head/margin-head.ts';
import { median } from './median.ts';
import { plainCurricularFace } from './plain-head.ts';

export interface MeasureOptions {
  /** Name of a registered TensorFlow.js backend. */
  readonly backend: string;
  /** B. Default 128. */
  readonly batch?: number;
  /** d. Default 512. */
  readonly dim?: number;
  /** C. Default 10,000. */
  readonly classes?: number;
  /** Timed steps of each, alternating, after one of each that is not timed. Default 3. */
  readonly steps?: number;
  /** Also measure plain TensorFlow.js code. Default true. */
  readonly plain?: boolean;
  readonly head?: MarginHeadOptions;
}

/** One way of taking the step: loss, ∂X and ∂W, the loss read back. */
export interface HeadMeasurement {
  /** Median over the timed steps. */
  readonly medianSeconds: number;
  /** Largest amount that tensors came to during a step, beyond X and W. */
  readonly peakBytes: number;
  /** Of the first step, to see that all compute the same. */
  readonly loss: number;
}

export interface HeadComparison {
  readonly backend: string;
  readonly batch: number;
  readonly dim: number;
  readonly classes: number;
  readonly ours: HeadMeasurement;
  /** Plain TensorFlow.js code, where it was asked for. */
  readonly plain: HeadMeasurement | undefined;
  /** For comparison, the median time of three whole matrix products of the head's sizes and nothing else. */
  readonly productsSeconds: number;
}

type Step = () => { readonly loss: tf.Tensor; readonly gradients: tf.Tensor[] };

/**
 * Times CurricularFace's step, forward and backward, on one backend: this package's head and plain TensorFlow.js code,
 * alternating in the same process.
 *
 * A step is over when its loss has been read back, and the first entry of ∂W.
 *
 * @throws BackendError, OptionOutOfRangeError
 */
export async function measureHead(options: MeasureOptions): Promise<HeadComparison> {
  const { backend, batch = 128, dim = 512, classes = 10_000, steps = 3, plain = true, head } = options;
  for (const [name, value] of Object.entries({ batch, dim, classes, steps })) {
    requireInteger(name, value, 1, Number.MAX_SAFE_INTEGER);
  }
  await activateBackend(backend);
  const x = tf.randomNormal([batch, dim], 0, 1, 'float32', 1) as tf.Tensor2D;
  const w = tf.randomNormal([classes, dim], 0, 1, 'float32', 2) as tf.Tensor2D;
  const labels = tf.tensor1d(
    Int32Array.from({ length: batch }, (_, i) => (i * 7919) % classes),
    'int32',
  );
  const across = tf.transpose(x);
  const slopes = tf.randomNormal([batch, classes], 0, 1, 'float32', 3) as tf.Tensor2D;
  const slopesAcross = tf.transpose(slopes);
  const ours = marginHead(curricularFace({ tInitial: 0, alpha: 0 }), head);
  const steppers: Record<string, Step> = {
    ours: differentiated(x, w, (embeddings, weights) => ours.apply({ embeddings, weights, labels }).loss),
    ...(plain
      ? {
          plain: differentiated(x, w, (embeddings, weights) =>
            plainCurricularFace(embeddings, weights, labels, tf.scalar(0)),
          ),
        }
      : {}),
    products: () => {
      const [cosines, gradX, gradW] = [
        tf.matMul(w, across),
        tf.matMul(slopes, w),
        tf.matMul(slopesAcross, x),
      ];
      return { loss: tf.tidy(() => tf.slice(cosines, [0, 0], [1, 1])), gradients: [gradX, gradW, cosines] };
    },
  };
  try {
    const measured = await interleaved(steppers, steps);
    const { ours, plain, products } = measured;
    return {
      backend,
      batch,
      dim,
      classes,
      ours: ours!,
      plain,
      productsSeconds: products!.medianSeconds,
    };
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

async function interleaved(
  steppers: Readonly<Record<string, Step>>,
  steps: number,
): Promise<Record<string, HeadMeasurement>> {
  const results = new Map<string, { seconds: number[]; peakBytes: number; loss: number }>();
  for (const [name, step] of Object.entries(steppers)) {
    const { peakBytes, loss } = await profiled(step);
    results.set(name, { seconds: [], peakBytes, loss });
  }
  for (let turn = 0; turn < steps; turn++) {
    for (const [name, step] of Object.entries(steppers)) {
      const start = performance.now();
      await finished(step());
      results.get(name)!.seconds.push((performance.now() - start) / 1000);
    }
  }
  return Object.fromEntries(
    [...results].map(([name, { seconds, peakBytes, loss }]) => [
      name,
      { medianSeconds: median(seconds), peakBytes, loss },
    ]),
  );
}

/** A step that is not timed: it warms up, and its memory is watched. */
async function profiled(step: Step): Promise<{ peakBytes: number; loss: number }> {
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
