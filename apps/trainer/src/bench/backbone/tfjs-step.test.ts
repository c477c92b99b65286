import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { trainingStepMs } from './tfjs-step.ts';

// On cpu a step takes tens of seconds: `benchTfjs` itself is for the bench.
test('a step of the tiny residual network is timed on wasm, and nothing is left', async () => {
  await trainingStepMs('wasm', 1, 0, 1);
  const { numTensors } = tf.memory();
  const milliseconds = await trainingStepMs('wasm', 1, 1, 1);
  expect(milliseconds).toBeGreaterThan(0);
  expect(milliseconds).toBeLessThan(60_000);
  expect(tf.memory().numTensors).toBe(numTensors);
});
