import { describe, expect, test } from 'vitest';
import type { HeadInput } from '../head/contract.ts';
import { referenceStep } from '../reference/reference-step.ts';
import { bceFace, uniFace } from './uni-face.ts';

const plane = (...angles: number[]): Float64Array =>
  Float64Array.from(angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]));
const [SCALE, MARGIN, LAMBDA] = [10, 0.4, 0.6];
const OPTIONS = { scale: SCALE, margin: MARGIN, lambda: LAMBDA };
const OTHERS = [1.3, -0.8, 2.9];

const at = (theta: number, bias: readonly number[]): HeadInput => ({
  embeddings: plane(theta),
  weights: plane(0, ...OTHERS),
  labels: [0],
  dim: 2,
  bias: Float64Array.from(bias),
});

const clip = (x: number): number => Math.min(Math.max(x, -SCALE), SCALE);

/** Eqs. 31–32 with the clamp of the release, and its slope by every bias. */
function expected(theta: number, bias: readonly number[]): { loss: number; byBias: number[] } {
  const cosines = [0, ...OTHERS].map((angle) => Math.cos(angle - theta));
  const exponents = cosines.map((cos, j) =>
    j === 0 ? -(SCALE * (cos - MARGIN) - bias[j]!) : SCALE * cos - bias[j]!,
  );
  const weights = exponents.map((_, j) => (j === 0 ? 1 : LAMBDA));
  return {
    loss: exponents.reduce((sum, u, j) => sum + weights[j]! * Math.log1p(Math.exp(clip(u))), 0),
    byBias: exponents.map((u, j) => {
      const inside = Math.abs(u) <= SCALE;
      return inside ? ((j === 0 ? 1 : -1) * weights[j]!) / (1 + Math.exp(-u)) : 0;
    }),
  };
}

describe.each([
  ['inside the clamp', 0.3, 2],
  ['the target past it', 2.4, 2],
  ['negatives past it, above', 0.9, -3],
  ['negatives past it, below', -1.4, 6],
])('%s', (_, theta, b) => {
  test('UniFace is the formula, with one threshold', () => {
    const { loss, byBias } = expected(theta, [b, b, b, b]);
    const output = referenceStep(uniFace(OPTIONS), at(theta, [b]), { tileSize: 2 });
    expect(output.loss).toBeCloseTo(loss, 12);
    expect(output.gradBias).toHaveLength(1);
    expect(output.gradBias![0]).toBeCloseTo(
      byBias.reduce((x, y) => x + y),
      12,
    );
  });

  test('bce-face is, with one a class', () => {
    const bias = [b, b + 0.5, b - 0.2, b + 1];
    const { loss, byBias } = expected(theta, bias);
    const output = referenceStep(bceFace(OPTIONS), at(theta, bias), { tileSize: 2 });
    expect(output.loss).toBeCloseTo(loss, 12);
    for (const [j, slope] of byBias.entries()) expect(output.gradBias![j]).toBeCloseTo(slope, 12);
  });
});

test('a target with cos θ_y < m − 1 + b/s pulls at nothing; just before that it does', () => {
  const edge = Math.acos(MARGIN - 1 + 2 / SCALE);
  const gradients = [-1e-6, 1e-6].map((by) => {
    const input = at(edge + by, [2]);
    return referenceStep(uniFace(OPTIONS), { ...input, weights: plane(0) });
  });
  expect(Math.abs(gradients[0]!.gradBias![0]!)).toBeGreaterThan(0.9);
  expect(Math.hypot(...gradients[0]!.gradEmbeddings)).toBeGreaterThan(5);
  for (const name of ['gradBias', 'gradEmbeddings', 'gradWeights'] as const)
    expect(Math.hypot(...gradients[1]![name]!)).toBe(0);
  expect(gradients[1]!.loss).toBeCloseTo(Math.log1p(Math.exp(SCALE)), 12);
});

test('b starts at ln(10·r·C)', () => {
  expect(uniFace().bias).toMatchObject({ of: 'all classes' });
  expect(bceFace().bias).toMatchObject({ of: 'each class' });
  expect(uniFace().bias!.start(1000)).toBeCloseTo(Math.log(1e4), 14);
  expect(bceFace({ r: 0.1 }).bias!.start(1000)).toBeCloseTo(Math.log(1e3), 14);
});
