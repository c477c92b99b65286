// Somebody who has TensorFlow.js' core and one backend, and nothing else of it.
import assert from 'node:assert/strict';
import { embeddedGoldens, replayGoldens } from '@cf/conformance';
import { curricularFace, referenceStep } from '@cf/core';
import { assignState, marginHead, stateVariables, tfjsBackend } from '@cf/tfjs';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';

for (const absent of ['@tensorflow/tfjs', '@tensorflow/tfjs-layers'])
  assert.throws(() => import.meta.resolve(absent), { code: 'ERR_MODULE_NOT_FOUND' });
await assert.rejects(import('@cf/tfjs/layers'), /Cannot find package '@tensorflow\/tfjs-layers'/);

const backend = await tfjsBackend();
const report = await replayGoldens(backend, await embeddedGoldens());
assert(report.passed, 'golden values over tolerance');

// Neither methods of tensors nor gradients of operations are registered: the head's own gradients are enough.
assert.equal(tf.Tensor.prototype.mul, undefined);
assert.equal(tf.getGradient('Multiply'), undefined);
const loss = curricularFace({ scale: 8 });
const input = {
  embeddings: Float32Array.of(1, 0.2, -0.3, 0.1, 0.9, 0.4),
  weights: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 0.5, 0.5, 0.5),
  labels: Int32Array.of(0, 1),
  dim: 3,
};
const head = marginHead(loss);
const embeddings = tf.variable(tf.tensor2d(input.embeddings, [2, 3]));
const weights = tf.variable(tf.tensor2d(input.weights, [4, 3]));
const state = stateVariables(loss);
const { value, grads } = tf.variableGrads(() => {
  const output = head.apply({ embeddings, weights, labels: tf.tensor1d(input.labels, 'int32'), state });
  assignState(state, output.nextState);
  return output.loss;
}, [embeddings, weights]);
const expected = referenceStep(loss, input);
const isNear = (actual, wanted) => actual.every((number, at) => Math.abs(number - wanted[at]) < 1e-5);
assert(isNear([...value.dataSync()], [expected.loss]));
assert(isNear([...grads[embeddings.name].dataSync()], expected.gradEmbeddings));
assert(isNear([...grads[weights.name].dataSync()], expected.gradWeights));
assert(Math.abs(state.t.dataSync()[0] - expected.state.values.t) < 1e-6);
tf.train.sgd(0.1).applyGradients(grads);
