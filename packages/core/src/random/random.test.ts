import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash128 } from './hash128.ts';
import { createRandom } from './random.ts';

const draw = (seed: number | string, count = 5): number[] => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random.uniform());
};

describe('createRandom', () => {
  it('gives the same numbers for the same seed, on every machine', () => {
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).toEqual(draw('7'));
    const random = createRandom(1);
    expect([
      random.integer(0, 1000),
      random.integer(0, 1000),
      random.integer(0, 1000),
    ]).toMatchInlineSnapshot(`
      [
        15,
        745,
        168,
      ]
    `);
    expect([random.uniform(), random.normal()].map((value) => value.toFixed(12))).toMatchInlineSnapshot(`
      [
        "0.831192029894",
        "0.695127095974",
      ]
    `);
  });

  it('gives other numbers for other seeds', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (a, b) => {
        fc.pre(a !== b);
        expect(draw(a)).not.toEqual(draw(b));
      }),
    );
  });

  it('is uniform: mean, variance and every tenth', () => {
    const values = draw(3, 20_000);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean).toBeCloseTo(0.5, 2);
    const tenths = new Array<number>(10).fill(0);
    for (const value of values) tenths[Math.floor(value * 10)]!++;
    for (const tenth of tenths) expect(Math.abs(tenth - 2000)).toBeLessThan(5 * Math.sqrt(1800));
  });

  it('is normal: mean, deviation, skewness and kurtosis', () => {
    const random = createRandom(5);
    const values = Array.from({ length: 40_000 }, () => random.normal(2, 3));
    const moment = (power: number): number =>
      values.reduce((sum, value) => sum + ((value - 2) / 3) ** power, 0) / values.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.025);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.035);
    expect(Math.abs(moment(3))).toBeLessThan(0.07);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.25);
  });

  it('keeps integers within their bounds and reaches both ends', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: -50, max: 50 }),
        fc.integer({ min: 1, max: 4 }),
        (seed, low, width) => {
          const random = createRandom(seed);
          const seen = new Set(Array.from({ length: 120 }, () => random.integer(low, low + width)));
          expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: width }, (_, i) => low + i));
        },
      ),
    );
  });

  it('shuffles to a permutation, and every order is as likely', () => {
    const counts = new Map<string, number>();
    const random = createRandom(11);
    for (let trial = 0; trial < 6000; trial++) {
      const key = random.shuffle(['a', 'b', 'c']).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (list, seed) => {
        const shuffled = createRandom(seed).shuffle([...list]);
        expect(shuffled.sort((a, b) => a - b)).toEqual([...list].sort((a, b) => a - b));
      }),
    );
  });

  it('forks by key, whatever was drawn before, and no two paths of keys meet', () => {
    const fresh = createRandom(1);
    const used = createRandom(1);
    used.normal();
    used.integer(0, 9);
    expect(used.fork('a').uniform()).toBe(fresh.fork('a').uniform());
    expect(fresh.fork('a').uniform()).not.toBe(fresh.fork('b').uniform());
    expect(fresh.fork('a').uniform()).not.toBe(createRandom(2).fork('a').uniform());
    expect(fresh.fork('b').fork('a').uniform()).not.toBe(fresh.fork('c').fork('a').uniform());
    expect(fresh.fork('ab').fork('c').uniform()).not.toBe(fresh.fork('a').fork('bc').uniform());
    const firsts = new Set(Array.from({ length: 20_000 }, (_, key) => createRandom(0).fork(key).uniform()));
    expect(firsts.size).toBe(20_000);
  });

  it('has uncorrelated streams for neighbouring seeds and forks', () => {
    const firsts = Array.from({ length: 5000 }, (_, seed) => createRandom(seed).uniform() - 0.5);
    let product = 0;
    for (let i = 1; i < firsts.length; i++) product += firsts[i]! * firsts[i - 1]!;
    expect(Math.abs((product / firsts.length) * 12)).toBeLessThan(4 / Math.sqrt(5000));
  });

  it('refuses what is no seed and no range', () => {
    expect(() => createRandom(0.5)).toThrow('seed = 0.5');
    expect(() => createRandom(Number.NaN)).toThrow('seed = NaN');
    expect(() => createRandom(1).fork(1e300)).toThrow('key = 1e+300');
    expect(() => createRandom(1).integer(3, 3)).toThrow('high = 3');
    expect(() => createRandom(1).pick([])).toThrow('high = 0');
  });
});

describe('hash128', () => {
  it('is never all zero and flips about half of the bits for a one-letter change', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        const before = hash128(text);
        expect(before.some((lane) => lane !== 0)).toBe(true);
        const after = hash128(String.fromCharCode(text.charCodeAt(0) ^ 1) + text.slice(1));
        let flipped = 0;
        before.forEach((lane, i) => {
          flipped += ((lane ^ after[i]!) >>> 0).toString(2).replaceAll('0', '').length;
        });
        expect(flipped).toBeGreaterThan(30);
        expect(flipped).toBeLessThan(98);
      }),
      { numRuns: 500 },
    );
  });
});
