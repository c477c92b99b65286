import { expect, test } from 'vitest';
import { fillUniform, hashOfName } from './keyed-uniform.ts';

function uniform(count: number, ...keys: readonly number[]): Float32Array {
  const out = new Float32Array(count);
  fillUniform(out, ...keys);
  return out;
}

test('a number depends on its keys and its position alone', () => {
  expect(uniform(8, 1, 2).subarray(0, 5)).toEqual(uniform(5, 1, 2));
  for (const other of [
    [1, 3],
    [2, 1],
    [1, 2, 0],
    [1 + 2 ** 32, 2],
  ])
    expect(uniform(8, ...other)).not.toEqual(uniform(8, 1, 2));
});

test('is uniform in [0, 1), and neighbours do not follow each other', () => {
  const count = 200_000;
  for (const key of [0, 1, 2, 1e12]) {
    const numbers = uniform(count, 7, key);
    const bins = new Array<number>(20).fill(0);
    let products = 0;
    numbers.forEach((u, i) => {
      bins[Math.floor(u * 20)]! += 1;
      products += (u - 0.5) * ((numbers[i + 1] ?? 0.5) - 0.5);
    });
    const expected = count / 20;
    const chiSquare = bins.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    expect(bins).toHaveLength(20);
    // The 99.99th percentile at 19 degrees of freedom.
    expect(chiSquare).toBeLessThan(50.8);
    expect(Math.abs((12 * products) / count)).toBeLessThan(4 / Math.sqrt(count));
  }
});

test('streams of neighbouring keys are not alike', () => {
  const count = 100_000;
  const [a, b] = [uniform(count, 7, 1), uniform(count, 7, 2)];
  const correlation = a.reduce((sum, u, i) => sum + 12 * (u - 0.5) * (b[i]! - 0.5), 0) / count;
  expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(count));
});

test('names have hashes of their own', () => {
  expect(hashOfName('')).toBe(0x811c9dc5);
  expect(hashOfName('a')).toBe(0xe40c292c);
  expect(hashOfName('conv1.weight')).not.toBe(hashOfName('conv2.weight'));
});
