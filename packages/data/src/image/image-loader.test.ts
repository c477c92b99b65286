import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { ImageProblem } from '../problem.ts';
import { failure, picture, put, temporaryFolder } from '../testing.ts';
import * as decoding from './decode.ts';
import { type LoadImagesOptions, loadImages } from './image-loader.ts';

vi.mock(import('./decode.ts'), { spy: true });

const GREY = { channels: 1 } as const;
const good: string[] = [];
let text: string;
let cut: string;
let root: string;
beforeAll(async () => {
  root = await temporaryFolder();
  // Widths tell the pictures apart; sizes differ much, so that they finish out of order.
  for (let n = 0; n < 24; n++) {
    good.push(await put(join(root, `${n}.png`), await picture('png', n + 1, n % 3 === 0 ? 400 : 1)));
  }
  text = await put(join(root, 'text.jpg'), 'no picture');
  const whole = await picture('jpeg');
  cut = await put(join(root, 'cut.jpg'), whole.subarray(0, whole.length / 2));
});

async function widths(files: readonly string[], options: LoadImagesOptions): Promise<number[]> {
  const seen: number[] = [];
  for await (const { index, file, image } of loadImages(files, options)) {
    expect(files[index]).toBe(file);
    seen.push(image.width);
  }
  return seen;
}

describe('loadImages', () => {
  it('yields in the order of the files, for any concurrency and prefetch', async () => {
    const expected = good.map((_, n) => n + 1);
    for (const [concurrency, prefetch] of [
      [1, 1],
      [1, 5],
      [3, 1],
      [4, 4],
      [2, 100],
      [50, 7],
    ] as const) {
      expect(await widths(good, { ...GREY, concurrency, prefetch })).toEqual(expected);
    }
    expect(await widths([], GREY)).toEqual([]);
  });

  it('keeps within its bounds', async () => {
    let running = 0;
    let most = 0;
    let begun = 0;
    const actual = await vi.importActual<typeof decoding>('./decode.ts');
    vi.mocked(decoding.decodeImage).mockImplementation(async (file, options) => {
      begun++;
      most = Math.max(most, ++running);
      const image = await actual.decodeImage(file, options);
      running--;
      return image;
    });
    let taken = 0;
    for await (const _ of loadImages(good, { ...GREY, concurrency: 3, prefetch: 5 })) {
      taken++;
      // A pause lets the loader run as far ahead as it may.
      await new Promise((resolve) => setTimeout(resolve, 3));
      expect(begun - taken).toBeLessThanOrEqual(5);
    }
    expect(most).toBe(3);
    expect(begun).toBe(good.length);
    vi.mocked(decoding.decodeImage).mockImplementation(actual.decodeImage);
  });

  it('skips what is unreadable and reports it, in order', async () => {
    const problems: ImageProblem[] = [];
    const files = [good[0]!, text, good[1]!, cut, join(root, 'missing.jpg'), good[2]!];
    const options = { ...GREY, onProblem: (problem: ImageProblem) => problems.push(problem) };
    expect(await widths(files, options)).toEqual([1, 2, 3]);
    expect(problems.map(({ kind, path }) => [kind, path])).toEqual([
      ['not an image', text],
      ['unreadable image', cut],
      ['unreadable image', join(root, 'missing.jpg')],
    ]);
    expect(problems[0]!.message).toBe(`${text}: the content is no JPEG, PNG, WebP, AVIF or BMP`);
    for (const { message } of problems) expect(message).not.toContain('\n');
  });

  it('stops at the first unreadable picture in strict mode, after those before it', async () => {
    const seen: number[] = [];
    const message = await failure(async () => {
      for await (const { index } of loadImages([good[0]!, good[1]!, cut, good[2]!], {
        ...GREY,
        strict: true,
      }))
        seen.push(index);
    });
    expect(message).toContain(`UnreadableImageError [E_IMAGE]: ${cut}`);
    expect(seen).toEqual([0, 1]);
  });

  it('is strict where nobody hears of problems', async () => {
    expect(await failure(() => widths([text], GREY))).toContain('[E_IMAGE]');
    expect(await widths([text, good[4]!], { ...GREY, strict: false })).toEqual([5]);
  });

  it('leaves nothing running and no rejection behind when the loop is left', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    let running = 0;
    let begun = 0;
    const actual = await vi.importActual<typeof decoding>('./decode.ts');
    vi.mocked(decoding.decodeImage).mockImplementation(async (file, options) => {
      running++;
      begun++;
      try {
        return await actual.decodeImage(file, options);
      } finally {
        running--;
      }
    });
    const files = [good[0]!, ...Array.from({ length: 40 }, () => cut)];
    for await (const { index } of loadImages(files, { ...GREY, concurrency: 4, prefetch: 8 })) {
      expect(index).toBe(0);
      break;
    }
    expect(running).toBe(0);
    const after = begun;
    expect(after).toBeLessThanOrEqual(9);
    await expect(async () => {
      for await (const _ of loadImages(files, { ...GREY, concurrency: 4 }))
        throw new Error('the reader failed');
    }).rejects.toThrow('the reader failed');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(running).toBe(0);
    expect(unhandled).not.toHaveBeenCalled();
    process.off('unhandledRejection', unhandled);
    vi.mocked(decoding.decodeImage).mockImplementation(actual.decodeImage);
  });

  it('starts nothing before it is asked', () => {
    const before = vi.mocked(decoding.decodeImage).mock.calls.length;
    loadImages(good, GREY);
    expect(vi.mocked(decoding.decodeImage).mock.calls.length).toBe(before);
  });

  it('ends on a signal, with its reason', async () => {
    const stop = new AbortController();
    const message = await failure(async () => {
      for await (const { index } of loadImages(good, { ...GREY, signal: stop.signal })) {
        if (index === 2) stop.abort(new Error('interrupted'));
      }
    });
    expect(message).toBe('Error: interrupted');
  });

  it('passes on errors of the caller even when it skips unreadable pictures', async () => {
    const options = { ...GREY, width: -1, onProblem: () => undefined };
    expect(await failure(() => widths(good, options))).toContain('width = -1');
    expect(await failure(() => widths(good, { ...GREY, concurrency: 0 }))).toContain('concurrency = 0');
    expect(await failure(() => widths(good, { ...GREY, prefetch: 0 }))).toContain('prefetch = 0');
  });
});
