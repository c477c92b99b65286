import { describe, expect, it } from 'vitest';
import { decades, linearDomain, logDomain } from './domain.ts';

describe('domains', () => {
  it('linearDomain', () => {
    expect(linearDomain([3, -1, 2])).toEqual([-1, 3]);
    expect(linearDomain([])).toEqual([0, 1]);
    expect(linearDomain([0, 0])).toEqual([-1, 1]);
    expect(linearDomain([-10])).toEqual([-11, -9]);
    const [low, high] = linearDomain([10, 10 + 1e-12]);
    expect(low).toBeCloseTo(9, 9);
    expect(high).toBeCloseTo(11, 9);
    expect(linearDomain([5e-324])).toEqual([-1, 1]);
  });

  it('logDomain', () => {
    expect(logDomain([0.002, 0.5])).toEqual([0.001, 1]);
    expect(logDomain([1e-4, 1])).toEqual([1e-4, 1]);
    expect(logDomain([1])).toEqual([1, 10]);
    expect(logDomain([])).toEqual([0.1, 1]);
  });

  it('decades', () => {
    expect(decades([1e-4, 1])).toEqual([1e-4, 1e-3, 1e-2, 1e-1, 1]);
    expect(decades([0.2, 30])).toEqual([1, 10]);
    expect(decades([2, 3])).toEqual([]);
  });
});
