import { createRandom } from '@cf/core';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { fromRaw } from '../image/decode.ts';
import type { RawImage } from '../image/raw-image.ts';
import { applySimilarity, invertSimilarity, type Similarity } from './similarity.ts';
import { warpImage } from './warp.ts';

const IDENTITY: Similarity = { a: 1, b: 0, x: 0, y: 0 };

function noise(width: number, height: number, channels: 1 | 3, seed: number): RawImage {
  const random = createRandom(seed);
  const data = Uint8Array.from({ length: width * height * channels }, () => random.integer(0, 255));
  return { width, height, channels, data };
}

/** Bilinear, as it stands in a book: black outside. */
function bilinear({ width, height, channels, data }: RawImage, x: number, y: number, c: number): number {
  const at = (u: number, v: number): number =>
    u < 0 || v < 0 || u >= width || v >= height ? 0 : data[(v * width + u) * channels + c]!;
  const [u, v] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - u, y - v];
  const top = at(u, v) * (1 - fx) + at(u + 1, v) * fx;
  const bottom = at(u, v + 1) * (1 - fx) + at(u + 1, v + 1) * fx;
  return top * (1 - fy) + bottom * fy;
}

describe('warpImage', () => {
  it('leaves a picture as it is, and moves it by whole pixels exactly', () => {
    const image = noise(9, 7, 3, 1);
    expect(warpImage(image, IDENTITY, 9, 7)).toEqual(image);
    const moved = warpImage(image, { ...IDENTITY, x: 2, y: -1 }, 9, 7);
    const at = (picture: RawImage, x: number, y: number): Uint8Array =>
      picture.data.subarray((y * 9 + x) * 3, (y * 9 + x) * 3 + 3);
    expect(at(moved, 5, 3)).toEqual(at(image, 3, 4));
    expect(at(moved, 1, 3)).toEqual(new Uint8Array(3));
    expect(at(moved, 5, 6)).toEqual(new Uint8Array(3));
  });

  it('is bilinear wherever nothing shrinks', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1.001, max: 4, noNaN: true }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: -9, max: 9, noNaN: true }),
        fc.constantFrom(1, 3),
        (scale, angle, x, channels) => {
          const image = noise(13, 11, channels as 1 | 3, 7);
          const similarity = { a: scale * Math.cos(angle), b: scale * Math.sin(angle), x, y: -x };
          const warped = warpImage(image, similarity, 17, 19);
          const back = invertSimilarity(similarity);
          for (let i = 0; i < warped.data.length; i++) {
            const [c, place] = [i % channels, Math.floor(i / channels)];
            const [u, v] = applySimilarity(back, [place % 17, Math.floor(place / 17)]);
            expect(Math.abs(warped.data[i]! - bilinear(image, u, v, c))).toBeLessThan(0.5001);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('takes means where a picture shrinks, so that fine stripes turn grey and not into coarse ones', () => {
    for (const side of [200, 777, 1500]) {
      const data = Uint8Array.from({ length: side * side }, (_, i) =>
        ((i % side) + Math.floor(i / side)) % 2 === 0 ? 255 : 0,
      );
      const scale = 100 / side;
      const half = 0.5 * scale - 0.5;
      const { data: small } = warpImage(
        { width: side, height: side, channels: 1, data },
        { a: scale, b: 0, x: half, y: half },
        100,
        100,
      );
      for (let y = 2; y < 98; y++)
        for (let x = 2; x < 98; x++) expect(Math.abs(small[y * 100 + x]! - 128)).toBeLessThan(3);
    }
  });

  it('sees all pixels of a picture that becomes smaller by less than a half', () => {
    // One bright column in three: a picture of 2/3 shows it wherever it lies, and never twice.
    const data = Uint8Array.from({ length: 150 * 150 }, (_, i) => ((i % 150) % 3 === 0 ? 240 : 0));
    const scale = 100 / 150;
    const half = 0.5 * scale - 0.5;
    const image = { width: 150, height: 150, channels: 1, data } as const;
    const small = warpImage(image, { a: scale, b: 0, x: half, y: half }, 100, 100).data;
    const row = [...small.subarray(5000, 5100)];
    // Of each 1.5 columns that a pixel stands for, its mean: a third of 240.
    for (let x = 2; x < 96; x += 2) expect(Math.abs(row[x]! + row[x + 1]! - 160)).toBeLessThan(8);
  });

  it('is near to what libvips makes of a picture that shrinks, and nearer than bilinear alone', async () => {
    const soft = await sharp(Buffer.from(noise(64, 64, 3, 3).data), {
      raw: { width: 64, height: 64, channels: 3 },
    })
      .resize(640, 640, { kernel: 'cubic' })
      .raw()
      .toBuffer();
    const fine = noise(640, 640, 3, 4);
    const data = Uint8Array.from(soft, (value, i) => Math.round(0.7 * value + 0.3 * fine.data[i]!));
    const image: RawImage = { width: 640, height: 640, channels: 3, data };
    const oracle = await fromRaw(image).resize(112, 112, { kernel: 'linear' }).raw().toBuffer();
    const scale = 112 / 640;
    const half = 0.5 * scale - 0.5;
    const similarity = { a: scale, b: 0, x: half, y: half };
    const off = (values: Uint8Array): number =>
      values.reduce((sum, value, i) => sum + Math.abs(value - oracle[i]!), 0) / oracle.length;
    const warped = warpImage(image, similarity, 112, 112).data;
    const back = invertSimilarity(similarity);
    const plain = warped.map((_, i) => {
      const [x, y] = applySimilarity(back, [Math.floor(i / 3) % 112, Math.floor(i / 336)]);
      return bilinear(image, x, y, i % 3);
    });
    expect(off(warped)).toBeLessThan(3);
    expect(off(warped)).toBeLessThan(0.4 * off(plain));
  });

  it('takes pictures of a single pixel, and sizes that no half has', () => {
    const one: RawImage = { width: 1, height: 1, channels: 1, data: Uint8Array.of(200) };
    expect(warpImage(one, { a: 0.01, b: 0, x: 0, y: 0 }, 2, 1).data).toHaveLength(2);
    expect([...warpImage(one, IDENTITY, 2, 1).data]).toEqual([200, 0]);
    expect(warpImage(noise(5, 3, 3, 1), { a: 0.11, b: 0.02, x: 1, y: 1 }, 4, 4).data).toHaveLength(48);
  });
});
