import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom } from '@cf/core';
import type { RawImage } from '@cf/data';
import { expect, it } from 'vitest';
import { prepareFile } from '../engines/onnx-file.ts';
import { openOnnxNetwork } from '../engines/onnx-network.ts';
import { networkExtractor } from '../features/onnx-backbone.ts';
import { failingAbove, smallOnnx } from '../testing/onnx-files.ts';
import { temporaryFolder } from '../testing.ts';
import { startNetworkThreads } from './network-threads.ts';

it('threads give what the network gives in this one, tell what fails in them, and end', async () => {
  const file = join(await temporaryFolder(), 'small.onnx');
  await writeFile(file, failingAbove(smallOnnx(), 5));
  const { model, pixels } = await prepareFile(file, { input: 'insightface' });
  const threads = (await startNetworkThreads({
    name: 'small.onnx',
    model,
    pixels,
    device: 'cpu',
    count: 2,
  }))!;
  const here = networkExtractor(file, await openOnnxNetwork(file, model, pixels));
  const random = createRandom('pictures');
  const batches = Array.from({ length: 5 }, (_, batch) =>
    Array.from({ length: batch + 1 }, (): RawImage => {
      const data = Uint8Array.from({ length: 192 }, () => random.integer(0, 256));
      return { width: 8, height: 8, channels: 3, data };
    }),
  );
  const found = await Promise.all(batches.map((batch) => threads.network(batch)));
  for (const [at, batch] of batches.entries()) expect(found[at]).toEqual(await here.extract(batch));
  await here.dispose();
  await expect(threads.network(batches.flat())).rejects.toThrow(/'small\.onnx' \(.*15 pictures/);
  // One failure leaves the thread as it was.
  expect(await threads.network(batches[0]!)).toEqual(found[0]);
  await threads.close();
  await expect(threads.network(batches[1]!)).rejects.toThrow(/thread has ended/);
});
