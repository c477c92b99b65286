import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { AugmentOptions } from '../augmentation/augment-options.ts';
import { UnreadableImageError } from '../errors.ts';
import { recompressJpeg } from '../image/recompress.ts';
import type { ImageProblem } from '../problem.ts';
import { augmentBatch } from '../store/augment-batch.ts';
import { collectImages, loadImageStore } from '../store/image-store.ts';
import { failure, picture, put, temporaryFolder } from '../testing.ts';
import type { StreamedPicture } from './decode-picture.ts';
import {
  openPictureStream,
  type PictureRequest,
  type PictureStream,
  type PictureStreamOptions,
  streamOfStore,
} from './picture-stream.ts';

const SHAPE = { width: 16, height: 12, channels: 3 } as const;
const BYTES = 16 * 12 * 3;
const PICTURES = 11;
const ALL: AugmentOptions = {
  flip: true,
  shift: 2,
  crop: 0.3,
  colour: 0.4,
  grey: 0.2,
  blur: 0.5,
  resample: 0.3,
  jpeg: 0.5,
  erase: 0.5,
};

const opened: PictureStream[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((stream) => stream.close()));
});

async function open(
  sources: readonly StreamedPicture[],
  options: Partial<PictureStreamOptions> = {},
): Promise<PictureStream> {
  const stream = await openPictureStream(sources, { ...SHAPE, ...options });
  opened.push(stream);
  return stream;
}

/** Pictures of different sizes and formats. */
async function folder(broken: readonly number[] = []): Promise<readonly StreamedPicture[]> {
  const root = await temporaryFolder();
  return Promise.all(
    Array.from({ length: PICTURES }, async (_, i) => {
      const bytes = await picture((['jpeg', 'png', 'webp'] as const)[i % 3], 20 + i, 30 + 2 * i);
      const content = broken.includes(i) ? bytes.subarray(0, bytes.length / 2) : bytes;
      return { kind: 'file', path: await put(join(root, `${i}`), content) } as const;
    }),
  );
}

/** An epoch or two in batches of four, some samples twice. */
function requests(augmentation: AugmentOptions = ALL): readonly PictureRequest[] {
  const orders = [
    [3, 1, 10, 7],
    [0, 2, 9, 4],
    [5, 8, 6, 3],
    [6, 6, 1, 0],
    [10, 9],
  ];
  return orders.map((samples, i) => ({
    samples,
    augmentation: { options: augmentation, key: { seed: 1, epoch: i > 2 ? 1 : 0 } },
  }));
}

async function batchesOf(stream: PictureStream, wanted = requests()): Promise<readonly Float32Array[]> {
  const all: Float32Array[] = [];
  for await (const batch of stream.batches(wanted)) all.push(batch);
  return all;
}

describe('batches of a stream', () => {
  it('have the same bits whatever the threads and the memory, the first time and again', async () => {
    const sources = await folder();
    const paths = sources.map((source) => (source.kind === 'file' ? source.path : ''));
    const store = await loadImageStore(paths, SHAPE);
    const expected = await Promise.all(
      requests().map(({ samples, augmentation: a }) =>
        augmentBatch(store, samples, a!.options, a!.key, { recompress: recompressJpeg }),
      ),
    );
    for (const [workers, maxBytes] of [
      [0, 0],
      [0, 100 * BYTES],
      [1, 4 * BYTES + 1],
      [3, 0],
      [3, 7 * BYTES],
    ] as const) {
      const stream = await open(sources, { workers, maxBytes });
      expect(stream).toMatchObject({ count: PICTURES, workers, ...SHAPE });
      expect(stream.kept).toBe(Math.min(PICTURES, Math.floor(maxBytes / BYTES)));
      expect(await batchesOf(stream)).toEqual(expected);
      expect(await batchesOf(stream)).toEqual(expected);
    }
    expect(await batchesOf(streamOfStore(store))).toEqual(expected);
  });

  it('have the same bits from a file, which takes the place of the pictures', async () => {
    const sources = await folder();
    const expected = await batchesOf(await open(sources));
    const onDisk = await temporaryFolder();
    const streams = [];
    for (const [workers, kept, places, lost] of [
      [0, 0, 11, false],
      [2, 3, 8, false],
      [1, 2, 11, true],
      [2, 1, 4, true],
    ] as const) {
      const notes: string[] = [];
      // A folder that is not there is as good as a disk that is full.
      const disk = { folder: lost ? join(onDisk, 'none') : onDisk, maxBytes: places * BYTES };
      const options = { workers, maxBytes: kept * BYTES, disk, onNote: (line: string) => notes.push(line) };
      const stream = await open(sources, options);
      expect(stream).toMatchObject({ kept, onDisk: lost ? 0 : Math.min(places, PICTURES - kept) });
      expect(notes.map((line) => line.includes('(ENOENT)'))).toEqual(lost ? [true] : []);
      expect(await batchesOf(stream)).toEqual(expected);
      if (!lost) streams.push(stream);
    }
    for (const source of sources) if (source.kind === 'file') await rm(source.path);
    for (const stream of streams) expect(await batchesOf(stream)).toEqual(expected);
    // Nothing is read from a file that is closed.
    await streams[0]!.close();
    await expect(batchesOf(streams[0]!)).rejects.toThrow(UnreadableImageError);
  });

  it('that are left early leave nothing running, and a stream goes on after it', async () => {
    const stream = await open(await folder(), { workers: 2, maxBytes: 0 });
    let asked = 0;
    const counted = function* (): Generator<PictureRequest> {
      for (const request of [...requests(), ...requests(), ...requests()]) {
        asked++;
        yield request;
      }
    };
    for await (const _ of stream.batches(counted())) break;
    // The one that was taken, and two a thread ahead of it.
    expect(asked).toBe(5);
    expect(await batchesOf(stream)).toHaveLength(5);
  });

  it('of drawn people are those of the drawings, smaller and grey where they are wanted so', async () => {
    const drawn = (imageIndex: number): StreamedPicture => ({
      kind: 'drawn',
      seed: 1,
      difficulty: 1,
      identityIndex: 0,
      imageIndex,
    });
    const given = { width: 28, height: 28, channels: 1 } as const;
    const [here, there] = await Promise.all([
      open([drawn(0), drawn(1)], given),
      open([drawn(0), drawn(1)], { ...given, workers: 1, maxBytes: 0 }),
    ]);
    const both = [{ samples: [1, 0] }];
    expect(await batchesOf(there!, both)).toEqual(await batchesOf(here!, both));
  });

  it('start no thread where all fits and is hardly changed', async () => {
    const sources = await folder();
    expect((await open(sources, { augmentation: { flip: true, shift: 3 } })).workers).toBe(0);
    expect((await open(sources, { maxBytes: BYTES })).workers).toBeGreaterThan(0);
    expect((await open(sources, { augmentation: ALL })).workers).toBeGreaterThan(0);
  });
});

describe('what goes wrong', () => {
  it('a broken picture is skipped, told and left out of the numbering', async () => {
    const sources = await folder([2, 5]);
    const problems: ImageProblem[] = [];
    const stream = await open(sources, { onProblem: (problem) => problems.push(problem) });
    expect([...stream.indices]).toEqual([0, 1, 3, 4, 6, 7, 8, 9, 10]);
    expect(problems.map(({ kind }) => kind)).toEqual(['unreadable image', 'unreadable image']);
    expect(problems[0]!.message).toContain('truncated or damaged');
    // Position 2 is the picture after the broken one.
    const whole = await open(await folder());
    expect(await batchesOf(stream, [{ samples: [2] }])).toEqual(await batchesOf(whole, [{ samples: [3] }]));
  });

  it('a strict stream stops at the first, as loading does', async () => {
    const sources = await folder([2, 5]);
    expect(await failure(() => open(sources))).toMatch(/UnreadableImageError.*\/2: the picture is truncated/);
  });

  it('a picture that goes away is told by the thread as it is without one', async () => {
    for (const workers of [0, 1]) {
      const sources = await folder();
      const stream = await open(sources, { workers, maxBytes: 3 * BYTES });
      const [gone] = [sources[7]!];
      if (gone.kind === 'file') await rm(gone.path);
      const error = await batchesOf(stream).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(UnreadableImageError);
      expect(error).toMatchObject({ kind: 'unreadable image', reason: 'there is no such file' });
      // Batches without it are still made.
      expect(await batchesOf(stream, [{ samples: [5, 8] }])).toHaveLength(1);
    }
  });

  it('options and positions out of range are refused', async () => {
    const sources = await folder();
    expect(await failure(() => open(sources, { maxBytes: -1 }))).toContain('maxBytes = -1');
    expect(await failure(() => open(sources, { workers: 0.5 }))).toContain('workers = 0.5');
    const stream = await open(sources);
    expect(await failure(() => batchesOf(stream, [{ samples: [PICTURES] }]))).toContain('samples[0] = 11');
    const bad = requests({ flip: true, shift: 0, blur: 2 });
    expect(await failure(() => batchesOf(stream, bad))).toContain('blur = 2');
  });

  it('opening ends with the reason of its signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await failure(async () => open(await folder(), { signal }))).toContain('enough');
  });
});

it('a stream of a store keeps the places of its list', async () => {
  const sources = await folder([0]);
  const given = { ...SHAPE, onProblem: () => {} };
  const paths = sources.map((source) => (source.kind === 'file' ? source.path : ''));
  const store = await loadImageStore(paths, given);
  expect([...streamOfStore(store).indices]).toEqual([...store.indices]);
  const empty = await collectImages((async function* () {})(), 0, SHAPE);
  expect(streamOfStore(empty).count).toBe(0);
});

it('pictures of any memory are kept in pieces, each once', async () => {
  const { keepPicture, keptCount, keptPixels, roomFor } = await import('./kept-pictures.ts');
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.nat(100),
      fc.array(fc.nat(19), { maxLength: 60 }),
      (size, maxBytes, order) => {
        const kept = roomFor(20, size, maxBytes);
        for (const index of order) keepPicture(kept, index, new Uint8Array(size).fill(index + 1));
        const known = [...new Set(order)].slice(0, Math.floor(maxBytes / size));
        expect(keptCount(kept)).toBe(known.length);
        for (let index = 0; index < 20; index++) {
          const expected = known.includes(index) ? new Uint8Array(size).fill(index + 1) : undefined;
          expect(keptPixels(kept, index)).toEqual(expected);
        }
      },
    ),
  );
});
