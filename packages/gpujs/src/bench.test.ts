import { createLoss } from '@cf/core';
import { expect, test } from 'vitest';
import { benchHead } from './bench.ts';

test('a step is timed after its warm-up, and the median is of the timed steps', async () => {
  const result = await benchHead({
    loss: createLoss('softmax'),
    batch: 4,
    classes: 9,
    dim: 5,
    steps: 4,
    warmup: 2,
  });
  expect(result).toMatchObject({ backend: 'gpujs-cpu', loss: 'softmax', batch: 4, classes: 9, dim: 5 });
  expect(result.stepsMs.length).toBe(4);
  const sorted = [...result.stepsMs].sort((a, b) => a - b);
  expect(result.fastestMs).toBe(sorted[0]);
  expect(result.medianMs).toBe((sorted[1]! + sorted[2]!) / 2);
  expect(result.firstMs).toBeGreaterThan(0);
});

test('sizes that are none are refused', async () => {
  await expect(benchHead({ batch: 0 })).rejects.toMatchObject({ code: 'E_OPTION_RANGE' });
  await expect(benchHead({ steps: 0 })).rejects.toMatchObject({ code: 'E_OPTION_RANGE' });
});
