import type { RawImage } from '@cf/data';
import { describe, expect, it } from 'vitest';
import type { ImageSource } from '../dataset/image-source.ts';
import { failureOf, withoutProgress } from '../testing.ts';
import type { FeatureExtractor } from './feature-extractor.ts';
import { extractFeatures, pickImages } from './feature-table.ts';

withoutProgress();

const signal = new AbortController().signal;
const options = { mirror: () => false, strict: false, onProblem: () => {}, signal };

/** Pictures of 2×1 grey pixels [index, 255]; some can't be read. */
function source(count: number, unreadable: readonly number[] = []): ImageSource {
  return {
    count,
    name: String,
    sources: [],
    some: (indices) => source(indices.length),
    fingerprints: async () => [],
    keys: async () => [],
    async *load() {
      for (let index = 0; index < count; index++) {
        if (unreadable.includes(index)) continue;
        yield { index, image: { width: 2, height: 1, channels: 1, data: Uint8Array.of(index, 255) } };
      }
    },
  };
}

/** Gives both pixels as features; batches end in any order. */
function extractor(batch: number, change: (data: number) => number = (x) => x): FeatureExtractor {
  let call = 0;
  return {
    name: 'test',
    fingerprint: 'test',
    shape: { width: 2, height: 1, channels: 1 },
    dim: 2,
    batch,
    async extract(images: readonly RawImage[]) {
      await new Promise((resolve) => setTimeout(resolve, (call++ * 7) % 5));
      return Float32Array.from(images.flatMap(({ data }) => [...data].map(change)));
    },
    dispose: async () => {},
  };
}

describe('extractFeatures', () => {
  it.each([1, 3, 100])(
    'puts every picture in its row, unreadable ones left out (batches of %d)',
    async (batch) => {
      const table = await extractFeatures('t', source(8, [0, 5]), extractor(batch), options);
      expect([...table.indices]).toEqual([1, 2, 3, 4, 6, 7]);
      expect([...table.rows]).toEqual([1, 2, 3, 4, 6, 7].flatMap((index) => [index, 255]));
      expect(table.mirrored).toBeUndefined();
    },
  );

  it('adds mirror images where they are wanted', async () => {
    const mirror = (index: number): boolean => index !== 1;
    const { mirrored } = await extractFeatures('t', source(3), extractor(2), { ...options, mirror });
    expect([...mirrored!]).toEqual([255, 0, 0, 0, 255, 2]);
  });

  it('gives an empty table where no picture can be read', async () => {
    const table = await extractFeatures('t', source(2, [0, 1]), extractor(2), options);
    expect([table.indices.length, table.rows.length]).toEqual([0, 0]);
  });

  it.each([0, 3, 7])('throws what the extractor throws, whenever that is (picture %d of 8)', async (bad) => {
    const failing = extractor(1, (x) => {
      if (x === bad) throw new Error('out of memory');
      return x;
    });
    await expect(extractFeatures('t', source(8), failing, options)).rejects.toThrow('out of memory');
  });

  it('lets no feature pass that is not finite', async () => {
    const broken = extractor(2, (x) => (x === 3 ? Number.NaN : x));
    expect(await failureOf(() => extractFeatures('t', source(8), broken, options))).toMatchObject({
      code: 'E_BACKBONE',
      message: expect.stringMatching(/'test', which gave a feature that is not finite/),
    });
  });

  it('waits for the batches under way before it fails', async () => {
    let running = 0;
    const slow: FeatureExtractor = {
      ...extractor(1),
      async extract(images) {
        running++;
        await new Promise((resolve) => setTimeout(resolve, 10));
        running--;
        return new Float32Array(2 * images.length);
      },
    };
    const stopped: ImageSource = {
      ...source(4),
      async *load() {
        yield* source(2).load({ width: 2, height: 1, channels: 1 }, options);
        throw new Error('stop');
      },
    };
    await expect(extractFeatures('t', stopped, slow, options)).rejects.toThrow('stop');
    expect(running).toBe(0);
  });
});

describe('pickImages', () => {
  it('keeps rows by the position of their picture', async () => {
    const table = await extractFeatures('t', source(5, [1]), extractor(2), {
      ...options,
      mirror: () => true,
    });
    const picked = pickImages(table, (index) => index === 0 || index === 3);
    expect(picked).toEqual({
      dim: 2,
      indices: Int32Array.of(0, 3),
      rows: Float32Array.of(0, 255, 3, 255),
      mirrored: Float32Array.of(255, 0, 255, 3),
    });
  });
});
