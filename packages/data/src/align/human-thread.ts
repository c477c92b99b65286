import { parentPort, workerData } from 'node:worker_threads';
import { reasonOf } from '@cf/core';
import type { RawImage } from '../image/raw-image.ts';
import { findFaces } from './find-faces.ts';
import { openHumanNetworks } from './human-networks.ts';

// The other side of human-detector.ts: TensorFlow.js lives in this thread alone, so no other copy of it is disturbed.

const networks = openHumanNetworks((workerData as { readonly models: string }).models);
// Told with the first picture.
networks.catch(() => {});

parentPort!.on('message', async (picture: RawImage) => {
  try {
    parentPort!.postMessage({ faces: await findFaces(await networks, picture) });
  } catch (error) {
    parentPort!.postMessage({ error: reasonOf(error) });
  }
});
