import { createRandom } from '@cf/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cosineSimilarity } from '../similarity/cosine-similarity.ts';
import { highest } from './highest.ts';
import { createIdentityIndex, type IdentityIndex } from './identity-index.ts';
import { search } from './search.ts';

const rowsOf = (...rows: readonly (readonly number[])[]): Float32Array => Float32Array.from(rows.flat());

/** Small whole numbers, none of them all zero: ties are common. */
const tables = fc
  .record({ dim: fc.integer({ min: 1, max: 9 }), people: fc.integer({ min: 1, max: 6 }) })
  .chain(({ dim, people }) => {
    const row = fc
      .array(fc.integer({ min: -2, max: 2 }), { minLength: dim, maxLength: dim })
      .filter((values) => values.some((x) => x !== 0));
    return fc.record({
      dim: fc.constant(dim),
      rows: fc.array(row, { minLength: 1, maxLength: 20 }),
      probes: fc.array(row, { minLength: 0, maxLength: 9 }),
      who: fc.infiniteStream(fc.integer({ min: 1, max: people })),
      top: fc.integer({ min: 1, max: 30 }),
    });
  });

describe('search', () => {
  it('is a sort of all rows by their cosine', () => {
    fc.assert(
      fc.property(tables, ({ dim, rows, probes, who, top }) => {
        const identities = rows.map(() => `person ${who.next().value}`);
        const names = [...new Set(identities)];
        const gallery = createIdentityIndex({ embeddings: rowsOf(...rows), dim, identities });
        const found = search(gallery, rowsOf(...probes), { top });
        expect(found).toHaveLength(probes.length);
        for (const [at, probe] of probes.entries()) {
          const scores = rows.map((row) => cosineSimilarity(row, probe));
          const sorted = names
            .map((name) => Math.max(...scores.filter((_, row) => identities[row] === name)))
            .sort((a, b) => b - a);
          expect(found[at]).toHaveLength(Math.min(top, names.length));
          for (const [place, { identity, score, row }] of found[at]!.entries()) {
            expect(score).toBeCloseTo(sorted[place]!, 12);
            expect(score).toBeCloseTo(scores[row]!, 12);
            expect(identities[row]).toBe(identity);
          }
          expect(new Set(found[at]!.map(({ identity }) => identity)).size).toBe(found[at]!.length);
        }
      }),
    );
  });

  it('names of equal scores the first in the gallery, and its first row', () => {
    const embeddings = rowsOf([0, 1], [2, 0], [3, 0], [1, 0], [0, 5]);
    const gallery = createIdentityIndex({ embeddings, dim: 2, identities: ['C', 'B', 'B', 'A', 'C'] });
    for (const probes of [rowsOf([7, 0]), rowsOf([7, 0], [0, 1], [1, 0], [5, 0])]) {
      const [first] = search(gallery, probes);
      expect(first).toEqual([
        { identity: 'B', score: 1, row: 1 },
        { identity: 'A', score: 1, row: 3 },
        { identity: 'C', score: 0, row: 0 },
      ]);
    }
  });

  it.each([1, 3, 4, 5, 128, 513])('one picture and many are the same, of %d numbers', (dim) => {
    const random = createRandom(dim);
    const draw = (count: number): Float32Array =>
      Float32Array.from({ length: count * dim }, () => random.normal());
    const identities = Array.from({ length: 40 }, (_, row) => `${row % 13}`);
    const gallery = createIdentityIndex({ embeddings: draw(40), dim, identities });
    const probes = draw(7);
    const together = search(gallery, probes, { top: 40 });
    for (const [at, matches] of together.entries()) {
      const [alone] = search(gallery, probes.subarray(at * dim, (at + 1) * dim), { top: 40 });
      expect(alone!.map(({ identity, row }) => [identity, row])).toEqual(
        matches.map(({ identity, row }) => [identity, row]),
      );
      for (const [place, { score }] of alone!.entries()) expect(score).toBeCloseTo(matches[place]!.score, 13);
    }
  });

  it('takes the mean of pictures of length 1 as a template', () => {
    const embeddings = rowsOf([10, 0], [0, 1], [1, 1]);
    const identities = ['Ann', 'Ann', 'Bob'];
    const gallery = createIdentityIndex({ embeddings, dim: 2, identities, templates: 'mean' });
    expect(gallery.labels).toEqual(Int32Array.of(0, 1));
    const [found] = search(gallery, rowsOf([2, 2]));
    expect(found!.map(({ identity }) => identity).sort()).toEqual(['Ann', 'Bob']);
    for (const { score } of found!) expect(score).toBeCloseTo(1, 12);
  });

  it('refuses zeros, what is not finite, and other lengths', () => {
    const gallery = (embeddings: Float32Array, ...identities: string[]): IdentityIndex =>
      createIdentityIndex({ embeddings, dim: 2, identities });
    expect(() => gallery(rowsOf([1, 0], [0, 0]), 'Ann', 'Bob')).toThrow(
      /row 1 of the gallery \('Bob'\), which is zero/,
    );
    expect(() => gallery(rowsOf([1, Number.NaN]), 'Ann')).toThrow(/gallery\[1\] = NaN, expected a finite/);
    expect(() => gallery(rowsOf([1, 0]), 'Ann', 'Bob')).toThrow(/2 numbers in rows of 2, and 2 identities/);
    expect(() => gallery(new Float32Array(0))).toThrow(/no embedding/);
    const opposite = { embeddings: rowsOf([1, 0], [-1, 0]), dim: 2, identities: ['Ann', 'Ann'] };
    expect(() => createIdentityIndex({ ...opposite, templates: 'mean' })).toThrow(
      /mean of 'Ann', which is zero/,
    );
    const ann = gallery(rowsOf([1, 0]), 'Ann');
    expect(() => search(ann, rowsOf([0, 0]))).toThrow(/embedding 0 to search for, which is zero/);
    expect(() => search(ann, rowsOf([1, 0, 3]))).toThrow(/3 numbers to search for/);
    expect(() => search(ann, rowsOf([1, 0]), { top: 0 })).toThrow(/top = 0/);
    expect(search(ann, new Float32Array(0))).toEqual([]);
  });

  it('gives finite scores in [-1, 1] of the smallest and the largest numbers', () => {
    const embeddings = rowsOf([3e38, 3e38], [1e-45, 0], [-3e38, 1]);
    const gallery = createIdentityIndex({ embeddings, dim: 2, identities: ['large', 'small', 'other'] });
    const [found] = search(gallery, rowsOf([1e-45, 1e-45]));
    expect(found!.map(({ identity }) => identity)).toEqual(['large', 'small', 'other']);
    expect(found![0]!.score).toBeCloseTo(1, 12);
    expect(found![1]!.score).toBeCloseTo(Math.SQRT1_2, 12);
  });
});

it('the highest numbers are those of a stable sort', () => {
  const numbers = fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 40 });
  fc.assert(
    fc.property(numbers, fc.integer({ min: 1, max: 45 }), (values, count) => {
      const sorted = values.map((_, i) => i).sort((a, b) => values[b]! - values[a]! || a - b);
      expect(highest(Float64Array.from(values), count)).toEqual(sorted.slice(0, count));
    }),
  );
});
