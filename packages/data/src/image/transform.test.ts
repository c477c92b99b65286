import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RawImage } from './raw-image.ts';
import { flipHorizontally, mirrorRows, toTensorNCHW } from './transform.ts';

const images = (count = 1): fc.Arbitrary<RawImage[]> =>
  fc
    .record({
      width: fc.integer({ min: 1, max: 7 }),
      height: fc.integer({ min: 1, max: 7 }),
      channels: fc.constantFrom<1 | 3>(1, 3),
    })
    .chain((shape) => {
      const length = shape.width * shape.height * shape.channels;
      const image = fc
        .uint8Array({ minLength: length, maxLength: length })
        .map((data) => ({ ...shape, data }));
      return fc.array(image, { minLength: count, maxLength: count });
    });

it('mirrorRows turns every row of planes around, and leaves what it was given', () => {
  const planes = Float32Array.of(1, 2, 3, 4, 5, 6);
  expect([...mirrorRows(planes, 3)]).toEqual([3, 2, 1, 6, 5, 4]);
  expect([...mirrorRows(planes, 2)]).toEqual([2, 1, 4, 3, 6, 5]);
  expect([...planes]).toEqual([1, 2, 3, 4, 5, 6]);
});

describe('flipHorizontally', () => {
  it('mirrors a picture computed by hand', () => {
    const image = {
      width: 2,
      height: 2,
      channels: 3,
      data: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    } as const;
    expect([...flipHorizontally(image).data]).toEqual([4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9]);
    expect([
      ...flipHorizontally({ width: 3, height: 1, channels: 1, data: Uint8Array.from([1, 2, 3]) }).data,
    ]).toEqual([3, 2, 1]);
  });

  it('is its own inverse and leaves its input alone', () => {
    fc.assert(
      fc.property(images(), ([image]) => {
        const before = Uint8Array.from(image!.data);
        expect(flipHorizontally(flipHorizontally(image!))).toEqual(image);
        expect(image!.data).toEqual(before);
      }),
    );
  });
});

describe('toTensorNCHW', () => {
  it('puts every value where [n, c, y, x] says', () => {
    fc.assert(
      fc.property(images(3), (batch) => {
        const { width, height, channels } = batch[0]!;
        const tensor = toTensorNCHW(batch);
        expect(tensor.length).toBe(3 * channels * height * width);
        batch.forEach(({ data }, n) => {
          for (let c = 0; c < channels; c++)
            for (let y = 0; y < height; y++)
              for (let x = 0; x < width; x++) {
                const value = tensor[((n * channels + c) * height + y) * width + x];
                expect(value).toBe(data[(y * width + x) * channels + c]);
              }
        });
      }),
    );
  });

  it('writes into a given array, and into no more of it than it needs', () => {
    const image = { width: 1, height: 1, channels: 3, data: Uint8Array.from([7, 8, 9]) } as const;
    const exact = new Float32Array(3);
    expect(toTensorNCHW([image], exact)).toBe(exact);
    const longer = new Float32Array(5).fill(-1);
    expect([...toTensorNCHW([image], longer)]).toEqual([7, 8, 9]);
    expect([...longer]).toEqual([7, 8, 9, -1, -1]);
    expect(toTensorNCHW([]).length).toBe(0);
    expect(toTensorNCHW([], longer).length).toBe(0);
  });

  it('names what does not fit', () => {
    const image = (width: number, channels: 1 | 3): RawImage => ({
      width,
      height: 1,
      channels,
      data: new Uint8Array(width * channels),
    });
    expect(() => toTensorNCHW([image(2, 1), image(3, 1)])).toThrow('images[1] of 3×1×1, expected 2×1×1');
    expect(() => toTensorNCHW([image(2, 1), image(2, 3)])).toThrow('images[1] of 2×1×3');
    expect(() => toTensorNCHW([image(2, 1)], new Float32Array(1))).toThrow(
      'into of length 1, expected at least 2',
    );
    expect(() => toTensorNCHW([{ ...image(2, 1), data: new Uint8Array(5) }])).toThrow(
      'images[0].data of length 5',
    );
    expect(() => flipHorizontally({ ...image(2, 1), data: new Uint8Array(5) })).toThrow(
      'image.data of length 5',
    );
  });
});
