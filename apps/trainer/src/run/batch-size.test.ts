import { expect, it } from 'vitest';
import { failureOf } from '../testing.ts';
import { requireBatchSize } from './batch-size.ts';

it.each([
  { batch: 1, accumulate: 1, images: 10 },
  { batch: 1, accumulate: 4, images: 10 },
  { batch: 4, accumulate: 2, images: 5 },
  { batch: 8, accumulate: 1, images: 1 },
])('refuses a batch of one picture: %j', async ({ images, ...config }) => {
  const error = await failureOf(() => requireBatchSize(config, images, 2));
  expect(error).toMatchObject({ code: 'E_USAGE' });
});

it.each([
  { batch: 4, accumulate: 2, images: 9 },
  { batch: 4, accumulate: 2, images: 6 },
  { batch: 2, accumulate: 1, images: 3 },
])('takes batches of two and more: %j', ({ images, ...config }) => {
  requireBatchSize(config, images, 2);
});
