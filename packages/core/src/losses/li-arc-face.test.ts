import { expect, test } from 'vitest';
import { numberOps } from '../readings/number.ts';
import { referenceStep } from '../reference/reference-step.ts';
import { liArcFace } from './li-arc-face.ts';

const { PI } = Math;
const loss = liArcFace({ margin: 0.45 });
const pointAt = (theta: number) => ({ cos: Math.cos(theta), sin: Math.sin(theta), norm: 1 });

test('T and N are linear in the angle, from one end to the other, and the margin is 2m/π of the logit', () => {
  for (let step = 0; step <= 64; step++) {
    const theta = (PI * step) / 64;
    const { value, dCos } = loss.target(numberOps, pointAt(theta), {});
    expect(value).toBeCloseTo(1 - (2 * (theta + 0.45)) / PI, 14);
    const negative = loss.negative(numberOps, Math.cos(theta), 0, {});
    expect(negative.value).toBeCloseTo(1 - (2 * theta) / PI, 7);
    if (step === 0 || step === 64) continue;
    expect(negative.value).toBeCloseTo(1 - (2 * theta) / PI, 14);
    expect(dCos * Math.sin(theta)).toBeCloseTo(2 / PI, 14);
    expect(negative.dCos * Math.sin(theta)).toBeCloseTo(2 / PI, 13);
  }
});

test('its slope is bounded where the angle has none: at cos θ = ±1', () => {
  for (const cos of [1, -1]) {
    const { value, dCos } = loss.negative(numberOps, cos, 0, {});
    expect(value).toBeCloseTo(cos, 15);
    expect(dCos).toBeCloseTo(2e6 / PI, 6);
    expect(loss.target(numberOps, { cos, sin: 0, norm: 1 }, {}).dCos).toBe(dCos);
  }
});

test('on centers, and opposite to them, everything is finite', () => {
  const weights = Float64Array.of(1, 0, 0, -1, 0, 0);
  for (const labels of [[0], [1]]) {
    const output = referenceStep(liArcFace(), {
      embeddings: Float64Array.of(2, 0, 0),
      weights,
      labels,
      dim: 3,
    });
    for (const value of [output.loss, ...output.gradEmbeddings, ...output.gradWeights])
      expect(Number.isFinite(value)).toBe(true);
    // There is no direction in which an angle of 0 or π changes first.
    expect(Math.max(...output.gradWeights.map(Math.abs))).toBe(0);
  }
});
