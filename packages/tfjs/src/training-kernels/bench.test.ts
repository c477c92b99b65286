import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { expect, test } from 'vitest';
import { trainingStepMs } from './bench.ts';
import { registerTrainingKernels } from './register.ts';

// On cpu a step takes tens of seconds: `benchTrainingStep` itself is for the bench.
test('a step of the tiny residual network is timed on wasm, and nothing is left', async () => {
  registerTrainingKernels('wasm');
  await tf.setBackend('wasm');
  const { numTensors } = tf.memory();
  const milliseconds = await trainingStepMs('wasm', 1, 1, 1);
  expect(milliseconds).toBeGreaterThan(0);
  expect(milliseconds).toBeLessThan(60_000);
  expect(tf.memory().numTensors).toBe(numTensors);
});
