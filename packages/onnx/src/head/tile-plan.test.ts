import { expect, test } from 'vitest';
import { tilePlan } from './tile-plan.ts';

const MIB = 2 ** 20;
const limits = { cacheBytes: 2 * MIB, keepBytes: 20 * MIB };
const shape = { batch: 256, classes: 20_000, dim: 512 };

test('tiles fill the cache and no more', () => {
  expect(tilePlan(shape, limits)).toEqual({ tileSize: 2048, count: 10, kept: 10, stored: true });
  const half = { ...shape, batch: 128, dim: 256 };
  expect(tilePlan(half, limits)).toEqual({ tileSize: 4096, count: 5, kept: 5, stored: true });
});

test('rows of a tile fill twice the cache and no more, however small the batch', () => {
  expect(tilePlan({ ...shape, batch: 32 }, limits).tileSize).toBe(2048);
  expect(tilePlan({ ...shape, batch: 32, dim: 1024 }, limits).tileSize).toBe(1024);
});

test('what is kept stays within its budget, whatever the number of classes', () => {
  const many = { ...shape, classes: 1_000_000 };
  expect(tilePlan(many, limits)).toEqual({ tileSize: 2048, count: 489, kept: 10, stored: true });
  expect(tilePlan({ ...many, dim: 255 }, { ...limits, keepBytes: 0 }).kept).toBe(0);
});

test('a batch larger than the embedding leaves nothing in the gradient, others all but their first tile', () => {
  const none = { ...limits, keepBytes: 0 };
  expect(tilePlan({ ...shape, dim: 255 }, none)).toMatchObject({ kept: 0, stored: false });
  expect(tilePlan({ ...shape, dim: 256 }, none)).toMatchObject({ kept: 1, stored: true });
});

test('tiles are neither tiny for large batches nor larger than the number of classes', () => {
  expect(tilePlan({ ...shape, batch: 100_000 }, limits).tileSize).toBe(256);
  expect(tilePlan({ ...shape, batch: 1, dim: 16, classes: 1e6 }, limits).tileSize).toBe(16_384);
  expect(tilePlan({ ...shape, batch: 7, classes: 41 }, limits)).toMatchObject({
    tileSize: 41,
    count: 1,
    kept: 1,
  });
});

test('a size that is given is taken', () => {
  const given = tilePlan({ batch: 7, classes: 41, dim: 3 }, limits, { given: 4 });
  expect(given).toEqual({ tileSize: 4, count: 11, kept: 11, stored: false });
});

test('a tile holds whole classes, and as many rows with sub-centers as without', () => {
  const three = tilePlan({ ...shape, subCenters: 3 }, limits);
  expect(three).toEqual({ tileSize: 682, count: 30, kept: 10, stored: true });
  expect(tilePlan({ ...shape, batch: 100_000, subCenters: 1000 }, limits).tileSize).toBe(1);
  // What is given is classes.
  expect(tilePlan({ ...shape, subCenters: 3 }, limits, { given: 100 })).toMatchObject({
    tileSize: 100,
    kept: 68,
  });
});

test('nothing is kept where no pass has a use for it', () => {
  const none = { tileSize: 2048, count: 10, kept: 0, stored: false };
  expect(tilePlan(shape, limits, { keeps: false })).toEqual(none);
});
