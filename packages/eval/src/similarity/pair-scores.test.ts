import { describe, expect, it } from 'vitest';
import { cosineSimilarity } from './cosine-similarity.ts';
import { pairScores } from './pair-scores.ts';

const embeddings = new Float32Array([1, 0, 0, 2, 3, 4, 0, 0]);

describe('pairScores', () => {
  it('gives the cosine of each pair, 0 for a zero vector', () => {
    const scores = pairScores(embeddings, 2, [
      [0, 1],
      [0, 2],
      [1, 2],
      [2, 2],
      [0, 3],
    ]);
    expect([...scores]).toEqual([0, 3 / 5, 4 / 5, 1, 0]);
    expect(scores).toBeInstanceOf(Float64Array);
  });

  it('equals cosineSimilarity of the rows to the last bit', () => {
    const dim = 41;
    const rows = Float64Array.from({ length: 7 * dim }, (_, k) => Math.sin(k * k));
    const row = (i: number): Float64Array => rows.subarray(i * dim, (i + 1) * dim);
    for (let i = 0; i < 7; i++) {
      for (let j = 0; j < 7; j++) {
        expect(pairScores(rows, dim, [[i, j]])[0]).toBe(cosineSimilarity(row(i), row(j)));
      }
    }
  });

  it('accepts no pairs', () => {
    expect(pairScores(embeddings, 2, [])).toHaveLength(0);
  });

  it('names what is wrong', () => {
    expect(() => pairScores(embeddings, 3, [])).toThrow(/8 numbers in rows of dim = 3/);
    expect(() => pairScores(embeddings, 0, [])).toThrow(/dim = 0/);
    expect(() =>
      pairScores(embeddings, 2, [
        [0, 1],
        [4, 0],
      ]),
    ).toThrow(/pairs\[1\] names row 4, expected an integer, 0 ≤ row < 4/);
    expect(() => pairScores(embeddings, 2, [[0, -1]])).toThrow(/row -1/);
    expect(() => pairScores(embeddings, 2, [[0.5, 1]])).toThrow(/row 0.5/);
    const broken = embeddings.slice();
    broken[5] = Number.NaN;
    expect(() => pairScores(broken, 2, [[0, 2]])).toThrow(/embeddings\[5\] = NaN/);
    expect(pairScores(broken, 2, [[0, 1]])[0]).toBe(0);
  });
});
