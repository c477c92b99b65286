import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recompressJpeg } from '../image/recompress.ts';
import { failure } from '../testing.ts';
import { type AugmentOptions, NO_AUGMENTATION } from './augment-options.ts';
import { augmentPicture } from './augment-picture.ts';
import { type Augmentation, drawAugmentation } from './draw-augmentation.ts';
import type { Planes } from './planes.ts';

const NAMES = ['crop', 'colour', 'grey', 'blur', 'resample', 'jpeg', 'erase'] as const;
const strengths = fc.record({
  flip: fc.boolean(),
  shift: fc.nat(4),
  crop: fc.double({ min: 0, max: 0.9, noNaN: true }),
  colour: fc.double({ min: 0, max: 1, noNaN: true }),
  grey: fc.double({ min: 0, max: 1, noNaN: true }),
  blur: fc.double({ min: 0, max: 1, noNaN: true }),
  resample: fc.double({ min: 0, max: 1, noNaN: true }),
  jpeg: fc.double({ min: 0, max: 1, noNaN: true }),
  erase: fc.double({ min: 0, max: 1, noNaN: true }),
});
const pictures = fc
  .record({
    channels: fc.constantFrom(1 as const, 3 as const),
    height: fc.integer({ min: 1, max: 9 }),
    width: fc.integer({ min: 1, max: 9 }),
  })
  .chain((shape) => {
    const length = shape.channels * shape.height * shape.width;
    const pixels = fc.uint8Array({ minLength: length, maxLength: length });
    return fc.record({ shape: fc.constant(shape), pixels });
  });

type Shape = Omit<Planes, 'values'>;

async function changed(pixels: Uint8Array, shape: Shape, drawn: Augmentation): Promise<Float32Array> {
  const values = new Float32Array(pixels.length).fill(Number.NaN);
  await augmentPicture(pixels, drawn, { ...shape, values }, recompressJpeg);
  return values;
}

const key = { seed: 3, epoch: 1 };
const nothing = drawAugmentation(NO_AUGMENTATION, key, 0);
const grid = (width: number, height: number, value: (x: number, y: number) => number): Uint8Array =>
  Uint8Array.from({ length: width * height }, (_, i) => value(i % width, Math.floor(i / width)));

describe('laws', () => {
  it('strength 0 changes nothing', async () => {
    const none = { ...NO_AUGMENTATION, ...Object.fromEntries(NAMES.map((name) => [name, 0])) };
    await fc.assert(
      fc.asyncProperty(pictures, fc.nat(), async ({ shape, pixels }, sample) => {
        expect([...(await changed(pixels, shape, drawAugmentation(none, key, sample)))]).toEqual([...pixels]);
      }),
    );
  });

  it('every pixel is written, and stays within 0 … 255', async () => {
    await fc.assert(
      fc.asyncProperty(pictures, strengths, fc.nat(), async ({ shape, pixels }, options, sample) => {
        for (const value of await changed(pixels, shape, drawAugmentation(options, key, sample))) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(255);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('seed, epoch and sample give the bits, and each of them changes the draws', async () => {
    const options = { flip: true, shift: 3, ...Object.fromEntries(NAMES.map((name) => [name, 0.8])) };
    const pixels = grid(12, 12, (x, y) => 20 * x + y);
    const shape = { channels: 1, height: 12, width: 12 } as const;
    const of = (k: typeof key, sample: number): Promise<Float32Array> =>
      changed(pixels, shape, drawAugmentation(options, k, sample));
    expect(await of(key, 5)).toEqual(await of(key, 5));
    for (const other of [of(key, 6), of({ ...key, epoch: 2 }, 5), of({ ...key, seed: 4 }, 5)])
      expect(await other).not.toEqual(await of(key, 5));
  });

  it('each kind has draws of its own: turning one off leaves the others as they were', () => {
    const all = { flip: true, shift: 3, ...Object.fromEntries(NAMES.map((name) => [name, 0.8])) };
    for (let sample = 0; sample < 20; sample++) {
      const drawn = drawAugmentation(all, key, sample);
      for (const name of NAMES) {
        const off = name === 'grey' ? { grey: false } : { [name === 'crop' ? 'window' : name]: undefined };
        expect(drawAugmentation({ ...all, [name]: 0 }, key, sample)).toEqual({ ...drawn, ...off });
      }
    }
  });

  it('happens to about the share that is asked for, over its whole range', () => {
    const options: AugmentOptions = {
      flip: true,
      shift: 0,
      grey: 0.3,
      blur: 0.3,
      resample: 0.3,
      jpeg: 0.3,
      erase: 0.3,
    };
    const drawn = Array.from({ length: 2000 }, (_, sample) => drawAugmentation(options, key, sample));
    for (const name of ['grey', 'blur', 'resample', 'jpeg', 'erase'] as const) {
      const share = drawn.filter((one) => one[name] !== undefined && one[name] !== false).length / 2000;
      expect(Math.abs(share - 0.3), name).toBeLessThan(0.04);
    }
    const qualities = drawn.flatMap(({ jpeg }) => (jpeg === undefined ? [] : [jpeg]));
    expect(Math.min(...qualities)).toBe(20);
    expect(Math.max(...qualities)).toBe(80);
  });

  it('strengths out of range are refused', async () => {
    for (const [name, value] of [
      ['crop', 1],
      ['colour', -0.1],
      ['erase', 1.1],
      ['shift', 0.5],
      ['jpeg', Number.NaN],
    ] as const)
      expect(await failure(() => drawAugmentation({ ...NO_AUGMENTATION, [name]: value }, key, 0))).toContain(
        `${name} = ${value}`,
      );
  });
});

describe('each kind', () => {
  const shape = { channels: 1, height: 8, width: 8 } as const;
  const slope = grid(8, 8, (x) => 30 * x);

  it('a window keeps the order of a slope, within it', async () => {
    const window = { left: 0.25, top: 0, side: 0.5 };
    const values = await changed(slope, shape, { ...nothing, window });
    expect([...values.subarray(0, 8)]).toEqual([52.5, 67.5, 82.5, 97.5, 112.5, 127.5, 142.5, 157.5]);
    const mirrored = await changed(slope, shape, { ...nothing, window, flip: true });
    expect(mirrored[0]).toBeGreaterThan(mirrored[7]!);
  });

  it('colours: brightness scales, contrast spreads about the mean, saturation leaves luma', async () => {
    const rgb = { channels: 3, height: 1, width: 2 } as const;
    const pixels = Uint8Array.of(100, 50, 60, 50, 20, 50);
    const change = (of: Partial<NonNullable<Augmentation['colour']>>): Promise<Float32Array> =>
      changed(pixels, rgb, { ...nothing, colour: { brightness: 1, contrast: 1, saturation: 1, ...of } });
    expect([...(await change({ brightness: 1.5 }))].map(Math.round)).toEqual([150, 75, 90, 75, 30, 75]);
    const luma = (v: Float32Array, p: number): number =>
      0.299 * v[p]! + 0.587 * v[2 + p]! + 0.114 * v[4 + p]!;
    const [own, strong, dull] = [
      await change({}),
      await change({ saturation: 1.2 }),
      await change({ saturation: 0 }),
    ];
    for (const p of [0, 1]) {
      expect(luma(strong, p)).toBeCloseTo(luma(own, p), 3);
      expect(dull[p]).toBeCloseTo(luma(own, p), 3);
    }
    const flat = await change({ contrast: 0 });
    expect(luma(flat, 0)).toBeCloseTo(luma(flat, 1), 3);
    const grey = await changed(pixels, rgb, { ...nothing, grey: true });
    expect(grey).toEqual(dull);
  });

  it('blur and a lower resolution keep the mean of a wide picture and take its detail', async () => {
    const square = { channels: 1, height: 32, width: 32 } as const;
    const stripes = grid(32, 32, (x) => (x % 2) * 200);
    for (const change of [{ blur: 1.2 / 32 }, { resample: 0.25 }]) {
      const values = await changed(stripes, square, { ...nothing, ...change });
      const middle = Array.from({ length: 16 }, (_, i) => values[16 * 32 + 8 + i]!);
      for (const value of middle) expect(Math.abs(value - 100)).toBeLessThan(8);
    }
    const constant = await changed(new Uint8Array(64).fill(77), shape, {
      ...nothing,
      blur: 0.1,
      resample: 0.4,
    });
    for (const value of constant) expect(value).toBeCloseTo(77, 3);
  });

  it('JPEG of low quality is further away than of high quality', async () => {
    const square = { channels: 1, height: 32, width: 32 } as const;
    const pixels = Uint8Array.from({ length: 32 * 32 }, (_, i) => 128 + 60 * Math.sin(i / 3) + (i % 5));
    const far = async (jpeg: number): Promise<number> => {
      const values = await changed(pixels, square, { ...nothing, jpeg });
      return values.reduce((sum, value, i) => sum + Math.abs(value - pixels[i]!), 0);
    };
    const [low, high] = [await far(20), await far(80)];
    expect(high).toBeGreaterThan(0);
    expect(low).toBeGreaterThan(1.2 * high);
  });

  it('a rectangle is painted over, and nothing beside it', async () => {
    const rectangle = { left: 0.25, top: 0.5, width: 0.5, height: 0.25, colour: [1, 1, 1] as const };
    const values = await changed(slope, shape, { ...nothing, erase: rectangle });
    const painted = [...values.entries()].filter(([i, value]) => value !== slope[i]).map(([i]) => i);
    expect(painted).toEqual([34, 35, 36, 37, 42, 43, 44, 45]);
    for (const i of painted) expect(values[i]).toBeCloseTo(255, 3);
  });
});
