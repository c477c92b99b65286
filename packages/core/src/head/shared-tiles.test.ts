import { describe, expect, test } from 'vitest';
import { adaCos } from '../losses/ada-cos.ts';
import { arcFace } from '../losses/arc-face.ts';
import { curricularFace } from '../losses/curricular-face.ts';
import { magFace } from '../losses/mag-face.ts';
import type { MarginLoss } from '../losses/margin-loss.ts';
import { softmax } from '../losses/softmax.ts';
import { sphereFace } from '../losses/sphere-face.ts';
import { sphereFace2 } from '../losses/sphere-face-2.ts';
import { keyedNormal } from '../random/margin-draws.ts';
import { referenceStep } from '../reference/reference-step.ts';
import type { HeadInput, HeadOptions } from './contract.ts';
import { SharedTiles } from './shared-tiles.ts';

const [CLASSES, DIM] = [7, 3];
const fill = (length: number, seed: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => keyedNormal(seed, 0, i));
const input = (subCenters = 1): HeadInput => ({
  embeddings: fill(5 * DIM, 1),
  weights: fill(CLASSES * subCenters * DIM, 2),
  labels: [0, 1, 2, 6, 0],
  dim: DIM,
});
const withBias = (loss: MarginLoss, batch: HeadInput): HeadInput =>
  loss.bias ? { ...batch, bias: fill(loss.bias.of === 'all classes' ? 1 : CLASSES, 3) } : batch;

/** Tiles of three classes. */
const options: HeadOptions = { tileSize: 3 };
const TILES = 3;

describe('tiles that heads share', () => {
  test.each([1, 2])('change no bit, whatever the losses, with %d centers a class', (subCenters) => {
    const batch = input(subCenters);
    const sharedTiles = new SharedTiles().begin(batch);
    const losses = [
      curricularFace(),
      arcFace(),
      softmax(),
      sphereFace(),
      softmax({ bias: false }),
      magFace(),
      sphereFace2(),
      adaCos(),
    ];
    for (const loss of losses) {
      const own = withBias(loss, batch);
      const alone = referenceStep(loss, own, { ...options, subCenters });
      expect(referenceStep(loss, { ...own, sharedTiles }, { ...options, subCenters })).toEqual(alone);
    }
    expect(sharedTiles.taken).toBeGreaterThan(losses.length * TILES);
  });

  test('are taken by every head after the first, of inner products from one of those', () => {
    const batch = input();
    const sharedTiles = new SharedTiles().begin(batch);
    const takenBy = (loss: MarginLoss): number => {
      const before = sharedTiles.taken;
      referenceStep(loss, { ...batch, sharedTiles }, options);
      return sharedTiles.taken - before;
    };
    // Pass 2 begins with the tile that pass 1 ended with.
    const again = TILES - 1;
    expect(takenBy(arcFace())).toBe(again);
    expect(takenBy(curricularFace())).toBe(TILES + again);
    expect(takenBy(softmax({ bias: false }))).toBe(again);
    expect(takenBy(sphereFace())).toBe(TILES + again);
  });

  test('are left as far as there is room, and to who has the same arrays', () => {
    const batch = input();
    const few = new SharedTiles(5 * 3 * Float64Array.BYTES_PER_ELEMENT).begin(batch);
    referenceStep(arcFace(), { ...batch, sharedTiles: few }, options);
    // The first tile has room, and the last, of one class, no more.
    expect(few.taken).toBe(1);
    const other = { ...batch, weights: batch.weights.map((w) => -w) };
    const sharedTiles = new SharedTiles().begin(batch);
    referenceStep(arcFace(), { ...batch, sharedTiles }, { tileSize: 4 });
    const taken = sharedTiles.taken;
    expect(referenceStep(arcFace(), { ...other, sharedTiles }, { tileSize: 4 })).toEqual(
      referenceStep(arcFace(), other, { tileSize: 4 }),
    );
    expect(sharedTiles.taken).toBe(taken);
  });

  test('of the batch before are forgotten, of another size too', () => {
    const sharedTiles = new SharedTiles();
    for (const [size, at] of [
      [5, 1],
      [5, 4],
      [3, 5],
      [5, 6],
    ] as const) {
      const batch = { ...input(), embeddings: fill(size * DIM, at), labels: input().labels };
      const cut = { ...batch, labels: Array.from(batch.labels).slice(0, size) };
      sharedTiles.begin(cut);
      expect(referenceStep(arcFace(), { ...cut, sharedTiles }, options)).toEqual(
        referenceStep(arcFace(), cut, options),
      );
    }
    // W moves in place.
    const moved = input();
    referenceStep(arcFace(), { ...moved, sharedTiles: sharedTiles.begin(moved) }, options);
    moved.weights.fill(0.5, 0, DIM);
    expect(referenceStep(arcFace(), { ...moved, sharedTiles: sharedTiles.begin(moved) }, options)).toEqual(
      referenceStep(arcFace(), moved, options),
    );
  });
});
