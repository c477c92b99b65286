import { expect, test } from 'vitest';
import { tilePlan } from './tile-plan.ts';

const MIB = 2 ** 20;
const limits = { cacheBytes: 2 * MIB, keepBytes: 20 * MIB };

test('tiles fill the cache and no more', () => {
  expect(tilePlan(256, 20_000, limits)).toEqual({ tileSize: 2048, count: 10, kept: 10 });
  expect(tilePlan(128, 20_000, limits)).toEqual({ tileSize: 4096, count: 5, kept: 5 });
});

test('what is kept stays within its budget, whatever the number of classes', () => {
  expect(tilePlan(256, 1_000_000, limits)).toEqual({ tileSize: 2048, count: 489, kept: 10 });
  expect(tilePlan(256, 1_000_000, { ...limits, keepBytes: 0 }).kept).toBe(0);
});

test('tiles are neither tiny for large batches nor larger than the number of classes', () => {
  expect(tilePlan(100_000, 20_000, limits).tileSize).toBe(256);
  expect(tilePlan(1, 1e6, limits).tileSize).toBe(16_384);
  expect(tilePlan(7, 41, limits)).toEqual({ tileSize: 41, count: 1, kept: 1 });
});

test('a size that is given is taken', () => {
  expect(tilePlan(7, 41, limits, 4)).toEqual({ tileSize: 4, count: 11, kept: 11 });
});
