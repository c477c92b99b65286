import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backendLaws, specimen } from '@cf/conformance';
import { referenceBackend, referenceStep } from '@cf/core';
import classScale from './class-scale.ts';
import ldam from './ldam.ts';

/** As many counts as a problem has classes. */
const countsOf = (classes: number): number[] => Array.from({ length: classes }, (_, j) => 1 + ((7 * j) % 20));

const specimens = [
  specimen('ldam', (scale, classes = 3) =>
    ldam(scale === undefined ? {} : { scale }, { classCounts: countsOf(classes) }),
  ),
  specimen('class-scale', () => classScale()),
];

for (const law of backendLaws(referenceBackend, { specimens, precision: 'float64', seed: 1 }))
  test(law.name, { timeout: law.timeout }, law.run);

const input = {
  embeddings: Float64Array.of(1, 0, 0, 1, 1, 1),
  weights: Float64Array.of(1, 0, 0, 1, -1, 0, 0, -1),
  labels: [0, 1, 1],
  dim: 2,
};

test('the margin of LDAM falls as n^(−1/4) from the largest, that of the rarest class', () => {
  assert.deepEqual(ldam({}, { classCounts: [16, 1, 81] }).classValues, { margin: [0.25, 0.5, 0.5 / 3] });
  assert.throws(() => ldam(), /classCounts/);
});

test('a class moves with its own samples', () => {
  const { state } = referenceStep(classScale({ alpha: 0.5 }), input);
  const [first, second, ...others] = state.classValues!.r!;
  assert.equal(first, 0.5);
  assert.ok(Math.abs(second! - (1 + Math.SQRT1_2) / 4) < 1e-12);
  assert.deepEqual(others, [0, 0]);
});
