import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arcFace } from '../losses/arc-face.ts';
import { ohem } from '../losses/weighted.ts';
import { keyedNormal } from '../random/margin-draws.ts';
import { batchOps } from '../readings/batch.ts';
import { referenceStep } from '../reference/reference-step.ts';
import { ohemWeighting } from './ohem.ts';

/** The hardest ⌊ratio·B⌋ (at least one), ties in the order of the batch. */
function keptByTheBook(nll: readonly number[], ratio: number): Set<number> {
  const order = nll.map((_, i) => i).sort((i, j) => nll[j]! - nll[i]! || i - j);
  return new Set(order.slice(0, Math.max(1, Math.floor(ratio * nll.length))));
}

test('keeps the hardest share and means over it', () => {
  // Few distinct losses, so that ties are common.
  const losses = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 15 });
  fc.assert(
    fc.property(losses, fc.double({ min: 0.01, max: 1, noNaN: true }), (nll, keepRatio) => {
      const sampleWeights = nll.map((_, i) => 0.5 + (i % 2));
      const kept = keptByTheBook(nll, keepRatio);
      const reduced = ohemWeighting({ keepRatio }).reduce(
        batchOps,
        { nll: Float64Array.from(nll), sampleWeights: Float64Array.from(sampleWeights) },
        {},
        'train',
      );
      let total = 0;
      nll.forEach((loss, i) => {
        const weight = kept.has(i) ? sampleWeights[i]! : 0;
        total += weight * loss;
        expect(reduced.losses[i]).toBe(weight * loss);
        expect(reduced.dNll[i]).toBeCloseTo(weight / kept.size, 15);
      });
      expect(reduced.loss[0]).toBeCloseTo(total / kept.size, 12);
      expect(reduced.next).toEqual({});
    }),
    { numRuns: 300 },
  );
});

describe('in a head', () => {
  const fill = (count: number, seed: number): Float64Array =>
    Float64Array.from({ length: count }, (_, i) => keyedNormal(seed, 0, i));
  const input = {
    embeddings: fill(7 * 4, 1),
    weights: fill(5 * 4, 2),
    labels: [0, 1, 2, 3, 4, 0, 1],
    dim: 4,
  };
  const plain = referenceStep(arcFace(), input);
  const mined = referenceStep(ohem(arcFace(), { keepRatio: 0.5 }), input);
  const kept = keptByTheBook(Array.from(plain.losses), 0.5);

  test('three of seven are kept, and the loss is their mean', () => {
    expect(kept.size).toBe(3);
    expect(
      Array.from(mined.losses)
        .map((loss, i) => (loss === 0 ? -1 : i))
        .filter((i) => i >= 0),
    ).toEqual([...kept].sort());
    expect(mined.loss).toBeCloseTo([...kept].reduce((sum, i) => sum + plain.losses[i]!, 0) / 3, 12);
  });

  test('the kept have 7/3 of their gradient, the rest none', () => {
    for (let i = 0; i < 7; i++) {
      for (let k = 4 * i; k < 4 * i + 4; k++) {
        const expected = kept.has(i) ? (7 / 3) * plain.gradEmbeddings[k]! : 0;
        expect(mined.gradEmbeddings[k]).toBeCloseTo(expected, 12);
      }
    }
  });
});
