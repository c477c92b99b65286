import { describe, expect, test } from 'vitest';
import type { GoldenCase, GoldenStep } from './golden-file.ts';
import { naturalScales } from './natural-scale.ts';

describe('naturalScales', () => {
  const step = { embeddings: [3, 4, 0, 10], weights: [0, 2, 0.3, 0.4] } as unknown as GoldenStep;
  const golden = (loss: string, params = {}): GoldenCase =>
    ({ loss, params, batch: 2, dim: 2, classes: 2 }) as unknown as GoldenCase;

  test('cosine losses: s over batch and shortest vector', () => {
    expect(naturalScales(golden('arcface', { scale: 32 }), step)).toEqual({
      values: 1,
      gradEmbeddings: 32 / (2 * 5),
      gradWeights: 32 / (2 * 0.5),
      gradBias: 0.5,
    });
  });

  test('SphereFace: the longest embedding in place of s; softmax: one over the batch', () => {
    expect(naturalScales(golden('sphereface'), step)).toMatchObject({
      gradEmbeddings: 10 / 10,
      gradWeights: 10,
    });
    expect(naturalScales(golden('softmax'), step)).toMatchObject({ gradEmbeddings: 0.5, gradWeights: 0.5 });
  });

  test('a zero vector leaves the scale finite', () => {
    const zero = { ...step, embeddings: [3, 4, 0, 0] };
    expect(Number.isFinite(naturalScales(golden('arcface', { scale: 32 }), zero).gradEmbeddings)).toBe(true);
  });

  test('without a scale in the parameters it is that of the loss', () => {
    expect(naturalScales(golden('mv-am-softmax'), step).gradEmbeddings).toBe(32 / 10);
  });
});
