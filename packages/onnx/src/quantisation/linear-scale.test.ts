import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBytes, linearScale, roundedToEven, toBytes } from './linear-scale.ts';
import { quantisedWeights } from './quantised-weights.ts';

const number = fc.float({
  noNaN: true,
  noDefaultInfinity: true,
  min: Math.fround(-1e30),
  max: Math.fround(1e30),
});
const range = fc.tuple(number, number).map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) }));

describe('a scale of bytes', () => {
  it('gives back 0 exactly, values of the range within half a step, and ends for what lies beyond', () => {
    fc.assert(
      fc.property(range, fc.float({ noNaN: true, min: 0, max: 1 }), ({ low, high }, share) => {
        const by = linearScale({ low, high });
        const inside = Math.fround(low + share * (high - low));
        const [zero, back, least, most] = fromBytes(
          toBytes(Float32Array.of(0, inside, Math.min(low, 0), Math.max(high, 0)), by),
          by,
        );
        expect(zero).toBe(0);
        // The zero point is rounded too: half a step more at the ends.
        for (const [is, was] of [
          [back!, inside],
          [least!, Math.min(low, 0)],
          [most!, Math.max(high, 0)],
        ] as const)
          expect(Math.abs(is - was)).toBeLessThanOrEqual(by.scale * 1.001);
        const beyond = toBytes(Float32Array.of(-3e38, 3e38), by);
        if (by.scale < 1e30) expect([...beyond]).toEqual([0, 255]);
      }),
    );
  });

  it('has every byte stand for a value that becomes it again', () => {
    fc.assert(
      fc.property(range, ({ low, high }) => {
        const by = linearScale({ low, high });
        const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
        expect(toBytes(fromBytes(bytes, by), by)).toEqual(bytes);
      }),
    );
  });

  it('of a constant holds it, and of nothing but zeros is one', () => {
    for (const value of [5, -5]) {
      const by = linearScale({ low: value, high: value });
      expect(fromBytes(toBytes(Float32Array.of(value), by), by)[0]).toBeCloseTo(value, 5);
    }
    expect(linearScale({ low: 0, high: 0 })).toEqual({ scale: 1, zeroPoint: 0 });
    expect(linearScale({ low: 0, high: 1e-44 }).scale).toBeGreaterThan(0);
    expect(() => linearScale({ low: 0, high: Number.NaN })).toThrow(/two finite numbers/);
    expect([0.5, 1.5, 2.5, -1.5, 2.4999].map(roundedToEven)).toEqual([0, 2, 2, -2, 2]);
  });
});

describe('weights in bytes', () => {
  const one = (
    weights: readonly number[],
    channels: number,
    type: 'uint8' | 'int8',
    bias?: readonly number[],
  ) =>
    quantisedWeights(Float32Array.from(weights), {
      dims: [channels, weights.length / channels],
      axis: 0,
      type,
      bias: bias && Float32Array.from(bias),
      inputScale: 0.5,
    });

  it('are within half a step by channel, 0 exact, and the largest 127 steps from it', () => {
    const weights = fc.array(fc.float({ noNaN: true, min: -4, max: 4 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(weights, fc.constantFrom('uint8', 'int8'), (list, type) => {
        const all = [...list, ...list.map((w) => w * 1000), ...list.map(() => 0)];
        const { bytes, scales, zeroPoint } = one(all, 3, type);
        const data = bytes.data as Uint8Array;
        for (const [i, weight] of all.entries()) {
          const scale = scales[Math.floor(i / list.length)]!;
          expect(Math.abs((data[i]! - zeroPoint) * scale - Math.fround(weight))).toBeLessThanOrEqual(
            scale * 0.501,
          );
          expect(Math.abs(data[i]! - zeroPoint)).toBeLessThanOrEqual(127);
          if (weight === 0) expect(data[i]).toBe(zeroPoint);
        }
      }),
    );
  });

  it('keep a bias whatever the weights beside it are', () => {
    const { scales, bias } = one([0, 0, 1e-12, 0, 1, -1], 3, 'uint8', [7, -1000, 0.25]);
    for (const [channel, value] of [7, -1000, 0.25].entries())
      expect(bias![channel]! * scales[channel]! * 0.5).toBeCloseTo(value, 2);
  });
});
