import {
  adaCos,
  arcFace,
  curricularFace,
  type MarginLoss,
  magFace,
  SharedTiles,
  softmax,
  sphereFace,
  sphereFace2,
} from '@cf/core';
import { describe, expect, test } from 'vitest';
import { open, problem } from './testing.ts';

const [BATCH, CLASSES, DIM] = [6, 23, 11];
const LOSSES: readonly MarginLoss[] = [
  curricularFace(),
  arcFace(),
  softmax(),
  sphereFace(),
  softmax({ bias: false }),
  magFace(),
  sphereFace2(),
  adaCos(),
];

describe.each(['wasm', 'graph'] as const)('heads of one batch, element-wise work in %s', (elementwise) => {
  test.each([1, 2])('share products and change no bit, with %d centers a class', async (subCenters) => {
    const backend = await open({ elementwise, keepBytes: 0 });
    const batch = problem(BATCH, CLASSES, DIM, 1, subCenters);
    const sharedTiles = new SharedTiles().begin(batch);
    for (const loss of LOSSES) {
      const bias = { bias: new Float32Array(loss.bias?.of === 'all classes' ? 1 : CLASSES).fill(0.5) };
      const input = { ...batch, ...(loss.bias ? bias : {}) };
      const head = await backend.createHead(loss, { tileSize: 8, subCenters });
      const alone = await head.step(input);
      expect(await head.step({ ...input, sharedTiles })).toEqual(alone);
      head.dispose();
    }
    expect(sharedTiles.taken > 0).toBe(elementwise === 'wasm');
  });

  test('a row that overflows is scaled for each of them', async () => {
    const backend = await open({ elementwise });
    const batch = problem(BATCH, CLASSES, DIM);
    batch.weights.fill(3e38, 0, DIM);
    const sharedTiles = new SharedTiles().begin(batch);
    for (const loss of [curricularFace(), arcFace()]) {
      const head = await backend.createHead(loss);
      const alone = await head.step(batch);
      expect(await head.step({ ...batch, sharedTiles })).toEqual(alone);
      head.dispose();
    }
  });
});
