import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from '../image/decode.ts';
import type { RawImage } from '../image/raw-image.ts';
import { toTensorNCHW } from '../image/transform.ts';
import type { ImageProblem } from '../problem.ts';
import { failure, picture, put, temporaryFolder } from '../testing.ts';
import { collectImages, loadImageStore } from './image-store.ts';

const SIZE = { width: 10, height: 12 } as const;
let files: string[];
beforeAll(async () => {
  const root = await temporaryFolder();
  files = [];
  for (let n = 0; n < 7; n++) files.push(await put(join(root, `${n}.png`), await picture('png', 20 + n, 24)));
  files[2] = await put(join(root, 'words.png'), 'no picture');
  files[5] = await put(join(root, 'cut.jpg'), (await picture('jpeg')).subarray(0, 200));
});

describe('loadImageStore', () => {
  it.each([1, 3] as const)(
    'keeps what can be read as planes, and says what can not (%i channels)',
    async (channels) => {
      const problems: ImageProblem[] = [];
      const done: number[] = [];
      const store = await loadImageStore(files, {
        ...SIZE,
        channels,
        onProblem: (problem) => problems.push(problem),
        onProgress: (progress) => {
          expect(progress.total).toBe(7);
          done.push(progress.done);
        },
      });
      expect(problems.map(({ kind }) => kind)).toEqual(['not an image', 'unreadable image']);
      expect([...store.indices]).toEqual([0, 1, 3, 4, 6]);
      expect(done).toEqual([1, 2, 4, 5, 7]);
      expect(store).toMatchObject({ ...SIZE, channels, count: 5 });
      const images = await Promise.all(
        [0, 1, 3, 4, 6].map((n) => decodeImage(files[n]!, { ...SIZE, channels })),
      );
      expect([...store.pixels]).toEqual([...toTensorNCHW(images)]);
    },
  );

  it('stops at the first unreadable picture where that is asked for', async () => {
    expect(await failure(() => loadImageStore(files, { ...SIZE, channels: 3, strict: true }))).toMatch(
      /UnreadableImageError .*words\.png/,
    );
  });

  it('refuses more than its budget before it reads anything', async () => {
    const bytes = 7 * 3 * 10 * 12;
    const load = (maxBytes: number): Promise<unknown> =>
      loadImageStore(['none', ...files.slice(1)], { ...SIZE, channels: 3, maxBytes, onProblem: () => {} });
    expect(await failure(() => load(bytes - 1))).toMatch(
      /ImageStoreSizeError .*7 pictures of 10×12×3, 0\.0 MB decoded, expected at most 0\.0 MB/,
    );
    await expect(load(bytes)).resolves.toMatchObject({ count: 4 });
  });

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const loading = loadImageStore(files, {
      ...SIZE,
      channels: 3,
      signal: controller.signal,
      onProblem: () => {},
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(loading).rejects.toThrow('enough');
  });

  it('may be empty', async () => {
    expect(await loadImageStore([], { ...SIZE, channels: 1 })).toMatchObject({ count: 0 });
  });
});

describe('collectImages', () => {
  const grey = (width: number): RawImage => ({ width, height: 1, channels: 1, data: new Uint8Array(width) });

  async function* source(widths: readonly number[]): AsyncGenerator<{ index: number; image: RawImage }> {
    for (const [index, width] of widths.entries()) yield { index, image: grey(width) };
  }

  it('refuses pictures of another size, and more than were announced', async () => {
    const options = { width: 4, height: 1, channels: 1 } as const;
    expect(await failure(() => collectImages(source([4, 5]), 2, options))).toMatch(
      /picture 1 of 5×1×1.*4×1×1/,
    );
    expect(await failure(() => collectImages(source([4, 4]), 1, options))).toMatch(
      /more pictures than total/,
    );
  });
});
