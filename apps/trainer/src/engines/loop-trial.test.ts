import { decodeModel } from '@cf/onnx';
import { expect, it } from 'vitest';
import { loopingOnnx, smallOnnx } from '../testing/onnx-files.ts';
import { failureOf } from '../testing.ts';
import { hasLoop, requireLoopsToEnd } from './loop-trial.ts';
import { openOnnxNetwork } from './onnx-network.ts';

it('of all operators only a Loop may not end', () => {
  expect(hasLoop(decodeModel(loopingOnnx()))).toBe(true);
  expect(hasLoop(decodeModel(smallOnnx()))).toBe(false);
});

it('one that does not end is refused after its time', async () => {
  const error = await failureOf(() => requireLoopsToEnd('endless.onnx', decodeModel(loopingOnnx()), 2));
  expect(error.code).toBe('E_BACKBONE');
  expect(error.message).toMatch(/'endless.onnx', whose Loop has not ended after 2 s/);
});

it('one that ends is a network like others, and what is no network of pictures is told elsewhere', async () => {
  const network = await openOnnxNetwork('ends.onnx', decodeModel(loopingOnnx(4n)));
  const black = await network.run(new Float32Array(3 * 64).fill(127.5), 1);
  expect([...black]).toEqual([1, 1, 1]);
  await network.dispose();
});
