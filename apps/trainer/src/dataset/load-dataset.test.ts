import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatPairs, type ImageProblem } from '@cf/data';
import { writeSyntheticFolder } from '@cf/data/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { failureOf, temporaryFolder } from '../testing.ts';
import type { Dataset } from './dataset.ts';
import { pairsDataset } from './file-pairs.ts';
import { loadDataset } from './load-dataset.ts';

const NO_PAIRS = { pairs: undefined, pairsFolds: undefined };

let root: string;
let list: string;
const name = (i: number): string => `synthetic_${String(i).padStart(5, '0')}`;
const pair = (fold: number, a: [number, number], b: [number, number]): object => ({
  fold,
  same: a[0] === b[0],
  a: { name: name(a[0]), index: a[1] },
  b: { name: name(b[0]), index: b[1] },
  line: 0,
});

beforeAll(async () => {
  const folder = await temporaryFolder();
  root = join(folder, 'faces');
  await writeSyntheticFolder(root, { seed: 0, identities: 6, imagesPerIdentity: 3, difficulty: 0 });
  list = join(folder, 'pairs.txt');
  const pairs = [0, 1, 2].flatMap((fold) => [
    pair(fold, [2 * fold, 1], [2 * fold, 3]),
    pair(fold, [2 * fold, 2], [2 * fold + 1, 1]),
  ]) as Parameters<typeof formatPairs>[0]['pairs'];
  await writeFile(list, formatPairs({ folds: 3, pairs }));
});

const load = (
  at: string,
  evaluation: Partial<typeof NO_PAIRS> | { pairs: string; pairsFolds?: string } = {},
  minImages = 2,
): Promise<Dataset> =>
  loadDataset(
    {
      kind: 'folder',
      root: at,
      people: undefined,
      folds: undefined,
      minImages,
      align: false,
      checkContent: false,
    },
    { ...NO_PAIRS, ...evaluation } as typeof NO_PAIRS,
    0,
    { onProblem: () => {}, strict: false },
  );

/** Identities of the pictures that pairs use and of those trained on, for drawn data. */
function overlap({ labels, verification }: Dataset): number {
  return verification.pairs.flat().filter((index) => labels[index]! >= 0).length;
}

describe('a folder without pairs', () => {
  it('holds out two identities at least, and no picture of theirs is trained on', async () => {
    const dataset = await load(root);
    expect(dataset.names).toHaveLength(4);
    expect(dataset.labels.filter((label) => label >= 0)).toHaveLength(12);
    expect(dataset.images.count).toBe(18);
    expect(overlap(dataset)).toBe(0);
    const { pairs, same } = dataset.verification;
    expect(pairs.length).toBeGreaterThan(0);
    expect(same.filter(Boolean).length * 2).toBe(same.length);
    expect(dataset.pairsFrom).toBe('2 identities held out of training');
  });

  it('trains on identities with one picture, and holds out others', async () => {
    const at = join(await temporaryFolder(), 'faces');
    await writeSyntheticFolder(at, { seed: 1, identities: 5, imagesPerIdentity: 2 });
    for (const i of [0, 1]) await rm(join(at, name(i), `${name(i)}_0002.png`));
    const dataset = await load(at, {}, 1);
    expect(dataset.names).toEqual(expect.arrayContaining([name(0), name(1)]));
    expect(dataset.names).toHaveLength(3);
    await rm(join(at, name(2), `${name(2)}_0002.png`));
    expect((await failureOf(() => load(at, {}, 1))).message).toMatch(/^2 usable identities in/);
  });

  it('says how many identities there are where they are too few', async () => {
    const at = join(await temporaryFolder(), 'faces');
    await writeSyntheticFolder(at, { seed: 1, identities: 3, imagesPerIdentity: 2 });
    const error = await failureOf(() => load(at));
    expect(error.code).toBe('E_USAGE');
    expect(error.message).toMatch(
      /^3 usable identities in '.*', expected at least 4 \(2 to train on, 2 with/,
    );
    expect((await failureOf(() => load(at, {}, 3))).message).toMatch(/^0 usable identities.*--min-images/s);
  });
});

describe('a folder with pairs', () => {
  it('trains on all identities and scores the chosen folds', async () => {
    const { names, verification, pairsFrom, images } = await load(root, { pairs: list, pairsFolds: '2-3' });
    expect(names).toEqual([0, 1, 2, 3, 4, 5].map(name));
    expect(images.count).toBe(18);
    expect(verification).toMatchObject({ scored: [2, 3], folds: [1, 1, 2, 2, 3, 3], missing: 0 });
    expect(verification.same).toEqual([true, false, true, false, true, false]);
    expect(pairsFrom).toMatch(/pairs\.txt, folds 2, 3$/);
  });

  it('names a list that is missing, and a fold that the list lacks', async () => {
    expect(await failureOf(() => load(root, { pairs: join(root, 'none.txt') }))).toMatchObject({
      code: 'E_USAGE',
      message: expect.stringMatching(/--pairs .*none\.txt \(ENOENT/),
    });
    expect((await failureOf(() => load(root, { pairs: list, pairsFolds: '4' }))).message).toMatch(/1 to 3/);
  });

  it('counts pairs whose picture is missing', async () => {
    const at = join(await temporaryFolder(), 'faces');
    await writeSyntheticFolder(at, { seed: 0, identities: 6, imagesPerIdentity: 3 });
    await rename(join(at, name(0)), join(at, 'someone'));
    const problems: ImageProblem[] = [];
    const policy = { onProblem: (problem: ImageProblem) => problems.push(problem), strict: false };
    const { verification, images } = await pairsDataset(list, undefined, at, policy);
    expect(verification.missing).toBe(2);
    expect(verification.pairs).toHaveLength(4);
    expect(images.count).toBe(8);
    expect(problems.map(({ kind }) => kind)).toEqual(['missing pair image', 'missing pair image']);
    await expect(pairsDataset(list, undefined, at, { ...policy, strict: true })).rejects.toMatchObject({
      code: 'E_PAIR_IMAGE',
    });
  });
});

describe('drawn identities', () => {
  it('are held out in the same way', async () => {
    const data = { kind: 'synthetic', seed: 5, identities: 4, imagesPerIdentity: 2, difficulty: 1 } as const;
    const dataset = await loadDataset(data, NO_PAIRS, 5, { onProblem: () => {}, strict: false });
    expect(dataset.names).toHaveLength(2);
    expect([...dataset.labels]).toEqual(expect.arrayContaining([0, 0, 1, 1, -1, -1]));
    expect(overlap(dataset)).toBe(0);
  });
});

it('an empty folder and a missing one are named', async () => {
  const empty = join(await temporaryFolder(), 'empty');
  await mkdir(empty);
  for (const [at, message] of [
    [empty, /empty' holds no identity folder/],
    [join(empty, 'none'), /none' does not exist/],
  ] as const) {
    const error = await failureOf(() => load(at));
    expect(error.code).toBe('E_DATA_FOLDER');
    expect(error.message).toMatch(message);
  }
});
