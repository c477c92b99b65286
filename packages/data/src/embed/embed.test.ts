import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from '../image/decode.ts';
import type { RawImage } from '../image/raw-image.ts';
import { failure, picture, temporaryFolder } from '../testing.ts';
import { type EmbeddedBatch, type EmbedOptions, embed } from './embed.ts';

let files: string[];
let broken: string;
beforeAll(async () => {
  const base = await temporaryFolder();
  files = [];
  for (let i = 0; i < 11; i++) {
    files.push(join(base, `${i}.jpg`));
    await writeFile(files[i]!, await picture('jpeg', 8 + i, 8));
  }
  broken = join(base, 'broken.jpg');
  await writeFile(broken, (await readFile(files[0]!)).subarray(0, 90));
  expect(await readdir(base)).toHaveLength(12);
});

/** The first row of pixels and its sum. */
const rowOf = ({ data }: RawImage): number[] => [data[0]!, data[9]!, data.reduce((sum, x) => sum + x, 0)];
const shape = { width: 4, height: 4, channels: 3 } as const;
const network = async (pictures: readonly RawImage[]): Promise<Float32Array> =>
  Float32Array.from(pictures.flatMap(rowOf));

async function all(of: readonly string[], options: Partial<EmbedOptions> = {}): Promise<EmbeddedBatch[]> {
  const found: EmbeddedBatch[] = [];
  for await (const batch of embed(of, { ...shape, network, ...options })) found.push(batch);
  return found;
}
const joined = (batches: readonly EmbeddedBatch[]): { indices: number[]; rows: number[] } => ({
  indices: batches.flatMap(({ indices }) => [...indices]),
  rows: batches.flatMap(({ rows }) => [...rows]),
});

describe('embed', () => {
  it.each([
    [1, 1],
    [3, 2],
    [8, 1],
    [64, 3],
  ])('gives every picture its row, in order, in batches of %d, %d at once', async (batch, atOnce) => {
    const slow = async (pictures: readonly RawImage[]): Promise<Float32Array> => {
      // Earlier batches end later.
      await new Promise((resolve) => setTimeout(resolve, 5 * Math.random()));
      return network(pictures);
    };
    const found = joined(await all(files, { batch, atOnce, network: slow }));
    const expected = await Promise.all(files.map(async (file) => rowOf(await decodeImage(file, shape))));
    expect(found).toEqual({ indices: files.map((_, i) => i), rows: expected.flat() });
  });

  it('adds the mirror image, and then brings rows to length 1', async () => {
    const [plain, flipped, unit] = [
      joined(await all(files.slice(0, 2))),
      joined(await all(files.slice(0, 2), { flip: true })),
      joined(await all(files.slice(0, 2), { flip: true, normalise: true })),
    ];
    // The sum of all pixels is that of the mirror image, too; the two corners change places.
    expect(flipped.rows[2]).toBe(2 * plain.rows[2]!);
    expect(flipped.rows[0]).toBe(flipped.rows[1]);
    for (const row of [0, 3]) {
      const of = unit.rows.slice(row, row + 3);
      expect(Math.hypot(...of)).toBeCloseTo(1, 6);
      expect(of[2]! / of[0]!).toBeCloseTo(flipped.rows[row + 2]! / flipped.rows[row]!, 4);
    }
  });

  it('leaves broken pictures out and says so, and stops at one where nobody hears of it', async () => {
    const problems: string[] = [];
    const done: number[] = [];
    const found = joined(
      await all([files[0]!, broken, files[1]!, broken], {
        batch: 2,
        onProblem: ({ message }) => problems.push(message),
        onProgress: (progress) => done.push(progress.done),
      }),
    );
    expect(found.indices).toEqual([0, 2]);
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/broken\.jpg: the picture is truncated/);
    expect(done).toEqual([3, 4]);
    expect(await failure(() => all([files[0]!, broken]))).toMatch(
      /^UnreadableImageError \[E_IMAGE\]: .*broken\.jpg/,
    );
    expect(await all([broken], { onProblem: () => {} })).toEqual([]);
    expect(await all([])).toEqual([]);
  });

  it('refuses what is no embedding, by the name of its picture', async () => {
    const giving = (value: number) => async (pictures: readonly RawImage[]) =>
      new Float32Array(2 * pictures.length).fill(value);
    const refused = (options: Partial<EmbedOptions>) => failure(() => all(files.slice(3), options));
    expect(await refused({ network: giving(Number.NaN) })).toMatch(/3\.jpg, which is not finite/);
    expect(await refused({ network: giving(0), normalise: true })).toMatch(/3\.jpg, which is zero/);
    expect((await all(files.slice(3), { network: giving(0) })).length).toBe(1);
    expect(await refused({ network: async () => new Float32Array(5) })).toMatch(/5 numbers for 8 pictures/);
    expect(await refused({ batch: 0 })).toMatch(/^OptionOutOfRangeError \[E_OPTION_RANGE\]: batch = 0/);
  });

  it('has twice as many batches under way as are asked for, no more and no fewer, ends with the signal and passes failures on', async () => {
    let [under, most] = [0, 0];
    const counted = async (pictures: readonly RawImage[]): Promise<Float32Array> => {
      most = Math.max(most, ++under);
      await new Promise((resolve) => setTimeout(resolve, 2));
      under--;
      return network(pictures);
    };
    await all(files, { batch: 1, atOnce: 2, network: counted });
    expect(most).toBeLessThanOrEqual(4);
    let waiting: (() => void)[] = [];
    const together = async (pictures: readonly RawImage[]): Promise<Float32Array> => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        if (waiting.length < 4) return;
        // No fourth comes where fewer are under way: the test runs out of time.
        for (const go of waiting) go();
        waiting = [];
      });
      return network(pictures);
    };
    expect(await all(files.slice(0, 8), { batch: 1, atOnce: 2, network: together })).toHaveLength(8);
    const controller = new AbortController();
    const stopped = failure(() =>
      all(files, {
        batch: 1,
        network: counted,
        signal: controller.signal,
        onProgress: () => controller.abort(new Error('stopped')),
      }),
    );
    expect(await stopped).toBe('Error: stopped');
    expect(under).toBe(0);
    expect(await failure(() => all(files, { network: () => Promise.reject(new Error('no card')) }))).toBe(
      'Error: no card',
    );
  });

  it('tells how long the network waited', async () => {
    let [waited, free] = [0, 0];
    const busy = async (pictures: readonly RawImage[]): Promise<Float32Array> => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return network(pictures);
    };
    await all(files, { batch: 2, network: busy, onProgress: (one) => (waited = one.waited) });
    await all(files, { batch: 2, onProgress: (one) => (free = one.waited) });
    expect(free).toBeGreaterThan(waited);
    expect(free).toBeLessThanOrEqual(1);
  });
});
