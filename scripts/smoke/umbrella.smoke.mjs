// Somebody who has all of TensorFlow.js by its one name: @cf/tfjs meets the core and the layers that it brings.
import assert from 'node:assert/strict';
import { curricularFace } from '@cf/core';
import { marginHead, tfjsBackend } from '@cf/tfjs';
import { compileMarginModel, marginHeadOf } from '@cf/tfjs/layers';
import * as tf from '@tensorflow/tfjs';
import * as core from '@tensorflow/tfjs-core';

assert.equal(tf.Tensor, core.Tensor);
await tfjsBackend({ backend: 'cpu' });
assert.equal(tf.getBackend(), 'cpu');

const backbone = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [6] })] });
const model = compileMarginModel(backbone, {
  loss: 'curricularface',
  classes: 3,
  optimizer: tf.train.sgd(0.1),
});
const cost = await model.trainOnBatch(tf.randomNormal([6, 6]), tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'));
assert(Number.isFinite(cost) && (await marginHeadOf(model).readState()).values.step === 1);

// Methods of tensors, and the gradients of operations, are those that the umbrella registers.
const weights = tf.variable(tf.randomNormal([3, 4]));
const inputs = tf.randomNormal([2, 4]);
const { value, grads } = tf.variableGrads(
  () =>
    marginHead(curricularFace())
      .apply({
        embeddings: inputs.mul(2),
        weights,
        labels: tf.tensor1d([0, 2], 'int32'),
      })
      .loss.mul(3),
  [weights],
);
assert(Number.isFinite(value.dataSync()[0]));
assert(Object.values(grads)[0].dataSync().every(Number.isFinite));
