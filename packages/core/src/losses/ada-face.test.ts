import { describe, expect, test } from 'vitest';
import { referenceStep } from '../reference/reference-step.ts';
import { initialState, type LossState } from '../state/loss-state.ts';
import { adaFace } from './ada-face.ts';

const EPS = 0.001;

/** x_i of norm n_i at the angle θ_i from w_0, the negative w_1 at right angles to all. */
function batchOf(samples: readonly { norm: number; theta: number }[]): Parameters<typeof referenceStep>[1] {
  return {
    embeddings: Float64Array.from(
      samples.flatMap(({ norm, theta }) => [norm * Math.cos(theta), norm * Math.sin(theta), 0]),
    ),
    weights: Float64Array.of(1, 0, 0, 0, 0, 1),
    labels: samples.map(() => 0),
    dim: 3,
  };
}

/** Target logits at scale 1 and the state after, by the released code's steps in plain numbers. */
function textbook(
  samples: readonly { norm: number; theta: number }[],
  state: { batchMean: number; batchStd: number },
  { m, h, tAlpha }: { m: number; h: number; tAlpha: number },
): { logits: number[]; batchMean: number; batchStd: number } {
  const norms = samples.map(({ norm }) => Math.min(100, Math.max(0.001, norm)));
  const mean = norms.reduce((sum, norm) => sum + norm, 0) / norms.length;
  const variance = norms.reduce((sum, norm) => sum + (norm - mean) ** 2, 0) / (norms.length - 1);
  const batchMean = tAlpha * mean + (1 - tAlpha) * state.batchMean;
  const batchStd =
    norms.length === 1 ? state.batchStd : tAlpha * Math.sqrt(variance) + (1 - tAlpha) * state.batchStd;
  const logits = samples.map(({ theta }, i) => {
    const z = Math.min(1, Math.max(-1, (h * (norms[i]! - batchMean)) / (batchStd + EPS)));
    const clamped = Math.acos(Math.min(1 - EPS, Math.max(EPS - 1, Math.cos(theta))));
    const shifted = Math.min(Math.PI - EPS, Math.max(EPS, clamped - m * z));
    return Math.cos(shifted) - (m + m * z);
  });
  return { logits, batchMean, batchStd };
}

describe('several steps are those of the released code', () => {
  const parameters = { m: 0.4, h: 0.333, tAlpha: 0.5 };
  const batches = [
    [
      { norm: 5, theta: 0.01 },
      { norm: 30, theta: 0.3 },
      { norm: 400, theta: 3.1 },
    ],
    [
      { norm: 1e-5, theta: 1.2 },
      { norm: 22, theta: 2.9 },
    ],
    [{ norm: 17, theta: 1.7 }],
    [
      { norm: 80, theta: 0.2 },
      { norm: 3, theta: 3.05 },
    ],
  ];

  test('logits, mean and deviation of the norms', () => {
    const loss = adaFace({ margin: 0.4, scale: 1, h: 0.333, tAlpha: 0.5, batchStdInitial: 10 });
    let state: LossState = initialState(loss);
    let expected = { logits: [] as number[], batchMean: 20, batchStd: 10 };
    for (const samples of batches) {
      expected = textbook(samples, expected, parameters);
      const output = referenceStep(loss, { ...batchOf(samples), state }, { inspect: true });
      expected.logits.forEach((logit, i) => {
        expect(output.inspection!.logits[2 * i]).toBeCloseTo(logit, 10);
      });
      expect(output.state.values.batchMean).toBeCloseTo(expected.batchMean, 12);
      expect(output.state.values.batchStd).toBeCloseTo(expected.batchStd, 12);
      state = output.state;
    }
  });
});

test('a batch of one moves the mean and leaves σ as it is', () => {
  const { state } = referenceStep(adaFace({ tAlpha: 0.25 }), batchOf([{ norm: 60, theta: 1 }]));
  expect(state.values.batchMean).toBeCloseTo(0.25 * 60 + 0.75 * 20, 12);
  expect(state.values.batchStd).toBe(100);
});

test('equal norms at tAlpha = 1 have σ = 0, and ẑ = 0 is defined', () => {
  const samples = [
    { norm: 10, theta: 1 },
    { norm: 10, theta: 2 },
  ];
  const output = referenceStep(adaFace({ tAlpha: 1, scale: 1 }), batchOf(samples), { inspect: true });
  expect(output.state.values.batchStd).toBeLessThan(1e-12);
  expect(output.inspection!.logits[0]).toBeCloseTo(Math.cos(1) - 0.4, 9);
});

test('the better the picture (the larger the norm), the more the margin is subtracted from the cosine', () => {
  const samples = [
    { norm: 1, theta: 1 },
    { norm: 90, theta: 1 },
  ];
  const { inspection } = referenceStep(adaFace({ scale: 1, h: 100, tAlpha: 1 }), batchOf(samples), {
    inspect: true,
  });
  // ẑ = −1: cos(θ + m) − 0; ẑ = 1: cos(θ − m) − 2m.
  expect(inspection!.logits[0]).toBeCloseTo(Math.cos(1.4), 12);
  expect(inspection!.logits[2]).toBeCloseTo(Math.cos(0.6) - 0.8, 12);
});

test('a cosine past the clamp has no gradient, for the target and for a negative', () => {
  const inside = referenceStep(adaFace(), batchOf([{ norm: 20, theta: 0.1 }]));
  expect(Math.hypot(...inside.gradWeights.slice(0, 3))).toBeGreaterThan(0);
  const outside = referenceStep(adaFace(), {
    ...batchOf([{ norm: 20, theta: 0.01 }]),
    weights: Float64Array.of(1, 0, 0, Math.cos(0.02), Math.sin(0.02), 0),
  });
  expect(outside.loss).toBeGreaterThan(1);
  expect(Math.hypot(...outside.gradWeights, ...outside.gradEmbeddings)).toBe(0);
});
