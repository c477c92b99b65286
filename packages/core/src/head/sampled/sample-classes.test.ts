import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sampleClasses } from './sample-classes.ts';

describe('the classes of a batch', () => {
  test('are its own and drawn ones, as many as asked for, rising, and other ones at each step', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1, max: 99 }), { minLength: 1, maxLength: 20 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.nat(),
        (labels, rate, seed) => {
          const { ids, positives } = sampleClasses(labels, 100, { rate, seed }, 4);
          const own = new Set(labels.filter((label) => label >= 0));
          expect([...positives]).toEqual([...own].sort((a, b) => a - b));
          expect([...ids]).toEqual([...new Set(ids)].sort((a, b) => a - b));
          expect(ids).toHaveLength(Math.max(own.size, Math.round(100 * rate)));
          for (const label of own) expect(ids.includes(label)).toBe(true);
          expect(sampleClasses(labels, 100, { rate, seed }, 4).ids).toEqual(ids);
        },
      ),
    );
    const at = (step: number): Int32Array => sampleClasses([3], 1000, { rate: 0.1, seed: 1 }, step).ids;
    expect(at(0)).not.toEqual(at(1));
  });

  test.each([0.1, 0.8])('are drawn equally often at a rate of %d', (rate) => {
    const often = new Float64Array(20);
    for (let step = 0; step < 4000; step++)
      for (const id of sampleClasses([7], 20, { rate, seed: 5 }, step).ids) often[id]!++;
    expect(often[7]).toBe(4000);
    const share = (Math.round(20 * rate) - 1) / 19;
    often.forEach((count, id) => {
      if (id !== 7) expect(Math.abs(count / 4000 - share)).toBeLessThan(0.04);
    });
  });

  test('are drawn equally often where there are many, however few are drawn', () => {
    const classes = 10_000;
    const steps = 3000;
    const often = new Float64Array(20);
    let drawn = 0;
    for (let step = 0; step < steps; step++) {
      const { ids } = sampleClasses([5000], classes, { count: 8, seed: 2 }, step);
      drawn += ids.length;
      for (const id of ids) if (id !== 5000) often[Math.floor(id / 500)]!++;
    }
    expect(drawn).toBe(8 * steps);
    // Seven others a step, 1,050 times each twentieth: more than five standard deviations.
    for (const count of often) expect(Math.abs(count - (7 * steps) / 20)).toBeLessThan(170);
  });

  test('are on each shard its part of all, with as many over all as asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000 }),
        fc.double({ min: 0.0001, max: 1, noNaN: true }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 8 }),
        fc.nat(),
        (classes, rate, cuts, numbers, seed) => {
          const labels = numbers.map((number) => number % classes);
          const whole = sampleClasses(labels, classes, { rate, seed }, 1);
          const ends = [...cuts.map((cut) => Math.floor(cut * classes)), classes].sort((a, b) => a - b);
          const parts = ends.map((to, k) =>
            sampleClasses(labels, classes, { rate, seed }, 1, { from: ends[k - 1] ?? 0, to }),
          );
          for (const name of ['ids', 'positives'] as const)
            expect(parts.flatMap((part) => [...part[name]])).toEqual([...whole[name]]);
          const wanted = Math.max(new Set(labels).size, Math.round(rate * classes));
          expect(whole.ids).toHaveLength(wanted);
          for (const { others, drawn } of parts) {
            expect(others).toBe(classes - whole.positives.length);
            expect(drawn).toBe(wanted - whole.positives.length);
          }
        },
      ),
    );
  });
});
