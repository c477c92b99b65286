import { curricularFace, referenceStep } from '@cf/core';
import { tfjsBackend } from '@cf/tfjs';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { measureTfjs } from './measure-tfjs.ts';
import { plainCurricularFace } from './plain-head.ts';

test('the plain head computes the loss and the gradients of CurricularFace', async () => {
  await tfjsBackend();
  const [batch, classes, dim] = [4, 9, 5];
  const x = tf.randomNormal([batch, dim], 0, 1, 'float32', 1) as tf.Tensor2D;
  const w = tf.randomNormal([classes, dim], 0, 1, 'float32', 2) as tf.Tensor2D;
  const labels = tf.tensor1d([0, 3, 8, 3], 'int32');
  const { value, grads } = tf.valueAndGrads((...[a, b]: tf.Tensor[]) =>
    plainCurricularFace(a as tf.Tensor2D, b as tf.Tensor2D, labels, tf.scalar(0.3)),
  )([x, w]);
  const expected = referenceStep(curricularFace({ beyondPi: 'cosine' }), {
    embeddings: x.dataSync() as Float32Array,
    weights: w.dataSync() as Float32Array,
    labels: labels.dataSync(),
    dim,
    state: { loss: 'curricularface', values: { step: 0, t: 0.3 } },
    mode: 'eval',
  });
  expect(value.dataSync()[0]! / expected.loss).toBeCloseTo(1, 4);
  const close = (actual: tf.Tensor, wanted: ArrayLike<number>): void => {
    const values = actual.dataSync();
    for (let i = 0; i < wanted.length; i++) expect(Math.abs(values[i]! - wanted[i]!)).toBeLessThan(2e-3);
  };
  close(grads[0]!, expected.gradEmbeddings);
  close(grads[1]!, expected.gradWeights);
});

test('measures both on wasm: ours takes less memory, and computes the same', async () => {
  const before = tf.memory().numTensors;
  const task = { batch: 64, dim: 128, classes: 4000, steps: 2, threads: 1, diagnostics: false, seed: 1 };
  const measured = await measureTfjs({
    ...task,
    backend: 'tfjs-wasm',
    loss: 'curricularface',
    subCenters: 1,
    regime: 'init',
    plain: true,
  });
  const { ours, plain, productsSeconds, productRate } = measured;
  expect(ours.loss / plain!.loss).toBeCloseTo(1, 4);
  expect(ours.peakBytes).toBeLessThan(plain!.peakBytes);
  const times = [ours.medianSeconds, plain!.medianSeconds, productsSeconds, productRate];
  for (const measured of times) expect(measured).toBeGreaterThan(0);
  expect(tf.memory().numTensors).toBeLessThanOrEqual(before);
});
