import { createRandom } from '@cf/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pairScores } from '../similarity/pair-scores.ts';
import { createIdentityIndex } from './identity-index.ts';
import { impostorThreshold } from './impostor-threshold.ts';

const STEP = 2 ** -19;

/** A gallery of drawn rows, and the scores of its impostor pairs, one by one. */
function drawn(
  count: number,
  people: number,
  dim = 5,
): { input: Parameters<typeof createIdentityIndex>[0]; impostor: number[] } {
  const random = createRandom(`${count} ${people}`);
  const embeddings = Float32Array.from({ length: count * dim }, () => random.normal());
  const identities = Array.from({ length: count }, () => `${random.integer(0, people)}`);
  const pairs = identities.flatMap((one, i) =>
    identities.flatMap((other, j) => (j > i && one !== other ? [[i, j] as const] : [])),
  );
  return { input: { embeddings, dim, identities }, impostor: [...pairScores(embeddings, dim, pairs)] };
}

describe('the threshold of a gallery', () => {
  it('is the lowest that no more than the rate of its impostor pairs pass', () => {
    const rates = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 15, max: 45 }),
        fc.integer({ min: 4, max: 9 }),
        rates,
        (count, people, far) => {
          const { input, impostor } = drawn(count, people);
          fc.pre(impostor.length * far >= 1);
          const found = impostorThreshold(createIdentityIndex(input), { far });
          const passing = (threshold: number): number =>
            impostor.filter((score) => score >= threshold).length / impostor.length;
          expect(found).toMatchObject({ impostorPairs: impostor.length, isAll: true });
          expect(found.far).toBeLessThanOrEqual(far);
          // To the rounding of single sums.
          expect(passing(found.threshold + 1e-12)).toBeLessThanOrEqual(far);
          if (found.threshold > -1) expect(passing(found.threshold - STEP - 1e-12)).toBeGreaterThan(far);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('says of a rate that no more pairs are looked at, and of a small gallery that it has no more', () => {
    const gallery = createIdentityIndex(drawn(40, 8).input);
    expect(() => impostorThreshold(gallery, { far: 1e-3, mostPairs: 100 })).toThrow(
      /a FAR of 0\.001 on 100 impostor pairs, drawn from a gallery that has more, expected at least 1000,[\s\S]*raise mostPairs/,
    );
    expect(() => impostorThreshold(gallery, { far: 1e-9 })).toThrow(
      /\d{3} impostor pairs for a FAR of 1e-9, expected at least 1000000000/,
    );
  });

  it('is found by hand', () => {
    // Cosines of pairs of two people: 0, −1, 0.6, −0.6 and, of the same row, 1.
    const embeddings = Float32Array.from([1, 0, 0, 1, -1, 0, 0.6, 0.8, 1, 0]);
    const gallery = createIdentityIndex({ embeddings, dim: 2, identities: ['A', 'B', 'C', 'C', 'A'] });
    // A–B 0 twice, A–C −1 twice and 0.6 twice, B–C 0 and 0.8.
    expect(impostorThreshold(gallery, { far: 1 })).toEqual({
      threshold: -1,
      far: 1,
      impostorPairs: 8,
      isAll: true,
    });
    const one = impostorThreshold(gallery, { far: 1 / 8 });
    expect(one.far).toBe(1 / 8);
    expect(one.threshold).toBeGreaterThan(0.6);
    expect(one.threshold).toBeLessThan(0.6 + 2 * STEP);
    // Two score 0.6: of 2/8 only one can pass.
    expect(impostorThreshold(gallery, { far: 2 / 8 })).toEqual(one);
    expect(impostorThreshold(gallery, { far: 3 / 8 }).far).toBe(3 / 8);
  });

  it('refuses what its pairs can not show', () => {
    const gallery = createIdentityIndex(drawn(20, 4).input);
    expect(() => impostorThreshold(gallery, { far: 1e-3 })).toThrow(
      /\d+ impostor pairs for a FAR of 0\.001, expected at least 1000/,
    );
    const alone = { embeddings: Float32Array.of(1, 2, 3), dim: 1, identities: ['A', 'A', 'A'] };
    expect(() => impostorThreshold(createIdentityIndex(alone), { far: 1 })).toThrow(/0 impostor pairs/);
    for (const far of [0, -1, 1.1, Number.NaN])
      expect(() => impostorThreshold(gallery, { far })).toThrow(/0 < far ≤ 1/);
  });

  it('draws rows where there are more pairs than wanted, the same for a seed', () => {
    const { input, impostor } = drawn(400, 30);
    const gallery = createIdentityIndex(input);
    const all = impostorThreshold(gallery, { far: 0.05 });
    const some = impostorThreshold(gallery, { far: 0.05, mostPairs: 20_000 });
    expect([all.isAll, all.impostorPairs, some.isAll]).toEqual([true, impostor.length, false]);
    expect(some.impostorPairs).toBeLessThanOrEqual(20_000);
    expect(some.impostorPairs).toBeGreaterThan(17_000);
    expect(Math.abs(some.threshold - all.threshold)).toBeLessThan(0.05);
    expect(impostorThreshold(gallery, { far: 0.05, mostPairs: 20_000 })).toEqual(some);
    expect(impostorThreshold(gallery, { far: 0.05, mostPairs: 20_000, seed: 1 })).not.toEqual(some);
  });

  it('of templates compares pictures with those of others', () => {
    const { input } = drawn(60, 8);
    const templates = createIdentityIndex({ ...input, templates: 'mean' });
    const pictures = createIdentityIndex(input);
    const found = impostorThreshold(templates, { far: 0.1, probes: pictures });
    expect(found.impostorPairs).toBe(60 * (templates.identities.length - 1));
    expect(found.far).toBeLessThanOrEqual(0.1);
    const means = templates.rows.length / 5;
    expect(means).toBe(8);
  });
});
