import { pixelBatch } from '@cf/data';
import { streamOfStore } from '@cf/data/node';
import { describe, expect, it } from 'vitest';
import { failureOf, patternData, withoutProgress } from '../testing.ts';
import { embedStream } from './stream-embeddings.ts';
import { streamPixels } from './stream-pixels.ts';

withoutProgress();

const { store, stream } = patternData(5, 4, 3);
const signal = new AbortController().signal;
const even = (index: number): boolean => index % 2 === 0;

/** Gives the first two pixels of a picture, the later batches sooner. */
const network = {
  dim: 2,
  run: async (pixels: Float32Array, count: number): Promise<Float32Array> => {
    await new Promise((done) => setTimeout(done, pixels[0]! % 5));
    return Float32Array.from({ length: 2 * count }, (_, i) => pixels[Math.floor(i / 2) * 9 + (i % 2)]!);
  },
};

describe('embedStream', () => {
  it('gives each wanted picture its own row, and its mirror image', async () => {
    const table = await embedStream('test', stream, network, { wanted: even, mirror: true, signal });
    expect([...table.indices]).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    for (const [row, index] of table.indices.entries()) {
      const picture = pixelBatch(store, [index]);
      expect([...table.rows.subarray(2 * row, 2 * row + 2)]).toEqual([picture[0], picture[1]]);
      expect([...table.mirrored!.subarray(2 * row, 2 * row + 2)]).toEqual([picture[2], picture[1]]);
    }
    const plain = await embedStream('test', stream, network, { wanted: even, mirror: false, signal });
    expect(plain).toEqual({ ...table, mirrored: undefined });
  });

  it('names pictures by their place in the list where some could not be read', async () => {
    const gaps = streamOfStore({ ...store, indices: store.indices.map((index) => 3 * index) });
    const table = await embedStream('test', gaps, network, { wanted: (i) => i === 9, mirror: false, signal });
    expect([...table.indices]).toEqual([9]);
    expect(table.rows[0]).toBe(pixelBatch(store, [3])[0]);
  });

  it('ends with what went wrong, or with the reason of its signal', async () => {
    const run = async (): Promise<Float32Array> => {
      throw new Error('no memory');
    };
    const options = { wanted: even, mirror: false, signal };
    expect((await failureOf(() => embedStream('test', stream, { dim: 2, run }, options))).message).toBe(
      'no memory',
    );
    const stopped = AbortSignal.abort(new Error('enough'));
    const error = await failureOf(() =>
      embedStream('test', stream, network, { ...options, signal: stopped }),
    );
    expect(error.message).toBe('enough');
  });
});

describe('streamPixels', () => {
  it('averages squares to grey and removes the mean, as an example shows', async () => {
    const pixels = new Uint8Array(3 * 56 * 56);
    // Red in the upper left square of four, blue in the pixel beside it.
    for (const at of [0, 1, 56, 57]) pixels[at] = 100;
    pixels[2 * 56 * 56 + 2] = 200;
    const one = { count: 1, channels: 3, height: 56, width: 56, indices: Int32Array.of(0), pixels } as const;
    const table = await streamPixels(streamOfStore(one), () => true, true);
    expect(table).toMatchObject({ name: 'pixels 28×28', dim: 784 });
    const mean = 600 / 784;
    for (const [i, value] of [400, 200, 0].entries()) expect(table.rows[i]).toBeCloseTo(value - mean, 3);
    for (const [i, value] of [400, 200, 0].entries())
      expect(table.mirrored![27 - i]).toBeCloseTo(value - mean, 3);
    expect(table.rows.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 2);
  });

  it('takes small pictures as they are', async () => {
    expect(await streamPixels(stream, even, false)).toMatchObject({
      name: 'pixels 3×3',
      dim: 9,
      mirrored: undefined,
    });
  });
});
