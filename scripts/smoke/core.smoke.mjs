import assert from 'node:assert/strict';
import { createLoss, curricularFace, focal, LabelOutOfRangeError, LOSS_NAMES, referenceStep } from '@cf/core';

const input = {
  embeddings: Float32Array.of(1, 0.2, -0.3, 0.1, 0.9, 0.4),
  weights: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 0.5, 0.5, 0.5),
  labels: [0, 1],
  dim: 3,
};
const { loss, gradWeights, state } = referenceStep(focal(curricularFace()), input);
assert(Number.isFinite(loss) && gradWeights.length === 12 && state.values.t > 0);
assert(LOSS_NAMES.every((name) => createLoss(name, {}, { classCounts: [1] }).name.length > 0));
assert.throws(() => referenceStep(curricularFace(), { ...input, labels: [0, 4] }), LabelOutOfRangeError);
