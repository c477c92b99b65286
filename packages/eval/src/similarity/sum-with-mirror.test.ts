import { describe, expect, expectTypeOf, it } from 'vitest';
import { sumWithMirror } from './sum-with-mirror.ts';

describe('sumWithMirror', () => {
  it('adds element by element and keeps its inputs', () => {
    const features = new Float32Array([1, 2, 3]);
    const mirrored = new Float32Array([0.5, -2, 1]);
    const sum = sumWithMirror(features, mirrored);
    expect(sum).toEqual(new Float32Array([1.5, 0, 4]));
    expect([...features]).toEqual([1, 2, 3]);
    expectTypeOf(sum).toExtend<Float32Array>();
    expect(sumWithMirror(new Float64Array([1]), new Float64Array([2]))).toEqual(new Float64Array([3]));
  });

  it('names what is wrong', () => {
    expect(() => sumWithMirror(new Float32Array(4), new Float32Array(2))).toThrow(
      /features of 4 and mirrored of 2/,
    );
  });
});
