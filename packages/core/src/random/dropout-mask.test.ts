import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fillDropoutMask } from './dropout-mask.ts';

const layer = (ratio: number) => ({ name: 'mask/dropout', ratio });

test('keeps the share that it should, and the mean', () => {
  for (const ratio of [0.1, 0.4, 0.9]) {
    const out = new Float32Array(32 * 2000);
    fillDropoutMask(out, 32, layer(ratio), { seed: 1, step: 2, position: 0 });
    const kept = out.filter((value) => value !== 0).length / out.length;
    expect(Math.abs(kept - (1 - ratio))).toBeLessThan(0.01);
    const values = new Set(out);
    expect(values).toEqual(new Set([0, Math.fround(1 / (1 - ratio))]));
  }
});

test('what a sample keeps does not depend on the split of the batch', () => {
  const split = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(1000), fc.nat(1000));
  fc.assert(
    fc.property(split, ([first, seed, step]) => {
      const whole = new Float32Array(32 * 10);
      fillDropoutMask(whole, 32, layer(0.4), { seed, step, position: 0 });
      const rest = new Float32Array(32 * (10 - first));
      fillDropoutMask(rest, 32, layer(0.4), { seed, step, position: first });
      expect(rest).toEqual(whole.slice(32 * first));
    }),
  );
});

test('another seed, step, position or layer keeps other features', () => {
  const draw = (name: string, seed: number, step: number, first: number): Float32Array => {
    const out = new Float32Array(64);
    fillDropoutMask(out, 64, { name, ratio: 0.5 }, { seed, step, position: first });
    return out;
  };
  const base = draw('a', 1, 1, 1);
  for (const other of [draw('b', 1, 1, 1), draw('a', 2, 1, 1), draw('a', 1, 2, 1), draw('a', 1, 1, 2)])
    expect(other).not.toEqual(base);
});
