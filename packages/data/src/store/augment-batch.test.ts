import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawAugmentation } from '../augmentation/draw-augmentation.ts';
import { failure } from '../testing.ts';
import { augmentBatch, pixelBatch } from './augment-batch.ts';
import type { ImageStore } from './image-store.ts';

/** A store whose every pixel is another number, as far as bytes go. */
function storeOf(count: number, channels: 1 | 3, height: number, width: number): ImageStore {
  const pixels = Uint8Array.from(
    { length: count * channels * height * width },
    (_, i) => (i * 37 + (i >> 8)) % 256,
  );
  return { count, channels, height, width, indices: Int32Array.from({ length: count }, (_, i) => i), pixels };
}

const samplesOf = (length: number): number[] => Array.from({ length }, (_, i) => (i * 5) % 11);
const KEY = { seed: 3, epoch: 0 };

const shapes = fc.record({
  batch: fc.constantFrom(1, 7, 41),
  channels: fc.constantFrom(1 as const, 3 as const),
  height: fc.constantFrom(1, 7, 41),
  width: fc.constantFrom(1, 7, 41),
});

/** What {@link augmentBatch} promises, pixel by pixel. */
function expected(store: ImageStore, samples: readonly number[], shift: number, flip: boolean): number[] {
  const { channels, height, width, pixels } = store;
  const out: number[] = [];
  for (const sample of samples) {
    const drawn = drawAugmentation({ flip, shift }, KEY, sample);
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const row = Math.min(height - 1, Math.max(0, y - drawn.down));
          let column = Math.min(width - 1, Math.max(0, x - drawn.right));
          if (drawn.flip) column = width - 1 - column;
          out.push(pixels[((sample * channels + c) * height + row) * width + column]!);
        }
  }
  return out;
}

describe('augmentBatch', () => {
  it('mirrors, then moves, and repeats the edge', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes,
        fc.constantFrom(0, 1, 3, 50),
        fc.boolean(),
        async ({ batch, ...shape }, shift, flip) => {
          const store = storeOf(11, shape.channels, shape.height, shape.width);
          const samples = samplesOf(batch);
          expect([...(await augmentBatch(store, samples, { flip, shift }, KEY))]).toEqual(
            expected(store, samples, shift, flip),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  it('without flip and shift is the picture', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.nat(50), async ({ batch, channels, height, width }, epoch) => {
        const store = storeOf(11, channels, height, width);
        const samples = samplesOf(batch);
        expect(await augmentBatch(store, samples, { flip: false, shift: 0 }, { seed: 1, epoch })).toEqual(
          pixelBatch(store, samples),
        );
      }),
      { numRuns: 20 },
    );
  });

  it('gives each sample the same picture in any batch, and another one in another epoch', async () => {
    const store = storeOf(11, 3, 7, 7);
    const options = { flip: true, shift: 3 };
    const all = await augmentBatch(store, samplesOf(11), options, KEY);
    const size = 3 * 7 * 7;
    for (const [b, sample] of samplesOf(11).entries())
      expect(await augmentBatch(store, [sample], options, KEY)).toEqual(all.slice(b * size, (b + 1) * size));
    for (const other of [
      { seed: 3, epoch: 1 },
      { seed: 4, epoch: 0 },
    ])
      expect(await augmentBatch(store, samplesOf(11), options, other)).not.toEqual(all);
  });

  it('writes into an array that is given, and not past its end', async () => {
    const store = storeOf(11, 1, 2, 3);
    const into = new Float32Array(15).fill(-1);
    const batch = await augmentBatch(store, [4, 5], { flip: true, shift: 1 }, KEY, { into });
    expect(batch.buffer).toBe(into.buffer);
    expect(batch).toEqual(await augmentBatch(store, [4, 5], { flip: true, shift: 1 }, KEY));
    expect([...into.subarray(12)]).toEqual([-1, -1, -1]);
  });

  it('refuses what it can not do', async () => {
    const store = storeOf(11, 1, 2, 3);
    const options = { flip: true, shift: 1 };
    expect(await failure(() => augmentBatch(store, [0, 11], options, KEY))).toMatch(
      /samples\[1\] = 11, expected an integer in \[0, 11\)/,
    );
    expect(
      await failure(() => augmentBatch(store, [0], options, KEY, { into: new Float32Array(5) })),
    ).toMatch(/into of length 5.*at least 6/);
    expect(await failure(() => augmentBatch(store, [0], { flip: true, shift: -1 }, KEY))).toMatch(
      /shift = -1/,
    );
    expect(await failure(() => augmentBatch(store, [0], options, { seed: 0, epoch: 0.5 }))).toMatch(
      /epoch = 0\.5/,
    );
  });
});

describe('pixelBatch', () => {
  it('mirrored twice is the picture', () => {
    fc.assert(
      fc.property(shapes, ({ batch, channels, height, width }) => {
        const store = storeOf(11, channels, height, width);
        const samples = samplesOf(batch);
        const mirrored = pixelBatch(store, samples, { mirror: true });
        if (width === 1) expect(mirrored).toEqual(pixelBatch(store, samples));
        const pixels = Uint8Array.from(mirrored);
        const twice = pixelBatch(
          { ...store, count: batch, pixels },
          samples.map((_, b) => b),
          { mirror: true },
        );
        expect(twice).toEqual(pixelBatch(store, samples));
      }),
      { numRuns: 20 },
    );
  });

  it('reverses rows, as an example shows', () => {
    const store = { ...storeOf(1, 1, 2, 3), pixels: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    expect([...pixelBatch(store, [0], { mirror: true })]).toEqual([3, 2, 1, 6, 5, 4]);
  });
});

describe('drawAugmentation', () => {
  const draws = Array.from({ length: 14_000 }, (_, sample) =>
    drawAugmentation({ flip: true, shift: 3 }, { seed: 9, epoch: sample % 5 }, sample),
  );

  /** Pearson's χ² of counts against equal ones. */
  const chiSquare = (values: readonly number[], bins: number): number => {
    const counts = new Map<number, number>();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    expect(counts.size).toBe(bins);
    const mean = values.length / bins;
    return [...counts.values()].reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
  };

  it('draws every shift and both sides equally often, each without regard to the others', () => {
    // The 99.9 % points of χ² with 6, 1 and 97 degrees of freedom.
    expect(
      chiSquare(
        draws.map(({ right }) => right),
        7,
      ),
    ).toBeLessThan(22.5);
    expect(
      chiSquare(
        draws.map(({ down }) => down),
        7,
      ),
    ).toBeLessThan(22.5);
    expect(
      chiSquare(
        draws.map(({ flip }) => Number(flip)),
        2,
      ),
    ).toBeLessThan(10.8);
    expect(
      chiSquare(
        draws.map(({ flip, right, down }) => (Number(flip) * 7 + right + 3) * 7 + down + 3),
        98,
      ),
    ).toBeLessThan(145);
  });

  it('keeps the draws of one option where the other is turned off', () => {
    for (let sample = 0; sample < 50; sample++) {
      const both = drawAugmentation({ flip: true, shift: 3 }, KEY, sample);
      expect(drawAugmentation({ flip: false, shift: 3 }, KEY, sample)).toEqual({ ...both, flip: false });
      expect(drawAugmentation({ flip: true, shift: 0 }, KEY, sample)).toMatchObject({
        flip: both.flip,
        right: 0,
        down: 0,
      });
    }
  });
});
