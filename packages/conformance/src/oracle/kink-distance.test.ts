import {
  arcFace,
  cosFace,
  curricularFace,
  focal,
  type HeadInput,
  type MarginLoss,
  normFace,
  ohem,
  referenceStep,
  selfPaced,
} from '@cf/core';
import { describe, expect, test } from 'vitest';
import { kinkDistance } from './kink-distance.ts';

/** One sample at (1, 0, 0); its class and one negative at the given cosines, in planes at right angles. */
function batchOf(target: number, negative: number): HeadInput {
  return {
    embeddings: Float64Array.of(1, 0, 0),
    weights: Float64Array.of(
      target,
      Math.sqrt(1 - target ** 2),
      0,
      negative,
      0,
      Math.sqrt(1 - negative ** 2),
    ),
    labels: [0],
    dim: 3,
  };
}

const onCosine = (margin: number): MarginLoss =>
  curricularFace({ margin: { kind: 'cosine', margin }, alpha: 0 });

describe('kinkDistance', () => {
  test('of a guard against a sum of 0: none', () => {
    const guarded: MarginLoss = {
      ...normFace(),
      negativeSums: {
        names: ['cosines'],
        terms: (_ops, cos) => ({ cosines: cos }),
        sampleValues: (ops, { cosines }) => ({ mean: ops.max(cosines!, ops.constant(1e-12)) }),
      },
    };
    expect(kinkDistance(guarded, batchOf(0.5, 0.1))).toBeGreaterThan(0.05);
  });

  test('of the mask: |cos θ_j − pivot|', () => {
    expect(kinkDistance(onCosine(0.4), batchOf(0.5, 0.101))).toBeCloseTo(0.001, 12);
    expect(kinkDistance(onCosine(0.4), batchOf(0.5, 0.0999))).toBeCloseTo(0.0001, 12);
  });

  test('of π: |cos θ_y − cos(π − m)|', () => {
    const input = batchOf(-Math.cos(0.5) + 0.002, 0.3);
    expect(kinkDistance(arcFace(), input)).toBeCloseTo(0.002, 12);
  });

  test('of an easy margin: |cos θ_y|', () => {
    expect(kinkDistance(cosFace({ easyMargin: true }), batchOf(0.003, 0.9))).toBeCloseTo(0.003, 12);
    expect(kinkDistance(cosFace(), batchOf(0.003, 0.9))).toBeGreaterThan(0.5);
  });

  test('of the cone at cos θ_y = ±1', () => {
    expect(kinkDistance(arcFace(), batchOf(0.9999, 0.3))).toBeLessThan(1.01e-4);
    expect(kinkDistance(arcFace(), batchOf(-0.9999, 0.3))).toBeLessThan(1.01e-4);
  });

  test('of the pace, and of a tie in what is kept', () => {
    const input = batchOf(0.5, 0.3);
    const nll = referenceStep(normFace({ scale: 4 }), input).losses[0]!;
    expect(kinkDistance(selfPaced(normFace({ scale: 4 }), { pace: nll + 1e-3 }), input)).toBeCloseTo(
      1e-3,
      10,
    );
    const twice: HeadInput = {
      ...input,
      embeddings: Float64Array.of(1, 0, 0, 1, 1e-4, 0, 0, 1, 1),
      labels: [0, 0, 1],
    };
    const { losses } = referenceStep(normFace({ scale: 4 }), twice);
    const gap = Math.abs(losses[0]! - losses[1]!);
    expect(gap).toBeLessThan(1e-3);
    expect(kinkDistance(ohem(normFace({ scale: 4 })), twice)).toBeCloseTo(gap, 10);
  });

  test('focal adds none, and the weights of samples move none', () => {
    const input = batchOf(0.5, 0.101);
    expect(kinkDistance(focal(onCosine(0.4)), input)).toBe(kinkDistance(onCosine(0.4), input));
    expect(kinkDistance(onCosine(0.4), { ...input, sampleWeights: [0] })).toBeCloseTo(0.001, 12);
  });
});
