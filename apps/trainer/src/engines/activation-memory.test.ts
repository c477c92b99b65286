import { tinyIresnet } from '@cf/backbones';
import { decodeModel, onnxModel } from '@cf/onnx';
import { expect, it } from 'vitest';
import { smallOnnx } from '../testing/onnx-files.ts';
import { failureOf } from '../testing.ts';
import { activationBytes, requireMemory } from './activation-memory.ts';

const SMALL = [3, 8, 8];

it('activations are counted a picture', async () => {
  // Convolution, normalisation and rectifier of 8 × 4 × 4, and the embedding of 8.
  expect(await activationBytes(decodeModel(smallOnnx()), SMALL)).toBe(4 * (3 * 128 + 8));
  const bytes = await activationBytes(onnxModel(tinyIresnet()), [3, 56, 56]);
  expect(bytes).toBeGreaterThan(3e6);
  expect(bytes).toBeLessThan(2e7);
});

it('a batch that does not fit is refused, with the numbers', async () => {
  const error = await failureOf(() => requireMemory(1568, 1000, 1000 * 1568 - 1));
  expect(error).toMatchObject({ code: 'E_BATCH_MEMORY' });
  expect(error.message).toMatch(/a batch of 1000 pictures.*at least 0\.00157 GB.*\n.*--accumulate/s);
  requireMemory(1568, 1000, 1000 * 1568);
});
