import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCollection, syntheticName, writeRecordPack, writeSyntheticFolder } from '@cf/data/node';
import { verificationBin } from '@cf/data/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { failureOf, temporaryFolder } from '../testing.ts';
import type { Dataset } from './dataset.ts';
import { pairsDataset } from './file-pairs.ts';
import { identityFingerprints } from './identity-fingerprints.ts';
import { listFingerprint } from './image-source.ts';
import { loadDataset } from './load-dataset.ts';

const POLICY = { onProblem: () => {}, strict: false };

let base: string;
let faces: string;
let pack: string;
let set: string;
beforeAll(async () => {
  base = await temporaryFolder();
  faces = join(base, 'faces');
  await writeSyntheticFolder(faces, { seed: 0, identities: 6, imagesPerIdentity: 3, difficulty: 0 });
  pack = join(base, 'train.rec');
  await writeRecordPack(pack, (await openCollection(faces)).identities);
  const file = (person: number, image: number): string =>
    join(faces, syntheticName(person), `${syntheticName(person)}_000${image}.png`);
  const pictures = [
    file(0, 1),
    file(0, 2),
    file(0, 1),
    file(1, 1),
    file(2, 1),
    file(2, 3),
    file(3, 1),
    file(4, 1),
  ];
  set = join(base, 'set.bin');
  const bytes = await Promise.all(pictures.map((path) => readFile(path)));
  await writeFile(set, verificationBin(bytes, [true, false, true, false]));
});

const load = (root: string, pairs?: string, pairsFolds?: string): Promise<Dataset> =>
  loadDataset(
    { kind: 'folder', root, people: undefined, folds: undefined, minImages: 2, checkContent: false },
    { pairs, pairsFolds },
    0,
    POLICY,
  );

const shape = { width: 8, height: 8, channels: 3 } as const;
async function pixelsOf({ images }: Pick<Dataset, 'images'>): Promise<string[]> {
  const all: string[] = [];
  const options = { ...POLICY, signal: new AbortController().signal };
  for await (const { image } of images.load(shape, options))
    all.push(Buffer.from(image.data).toString('hex'));
  return all;
}

describe('an InsightFace pack', () => {
  it('is the same data set as the folder that it was made of', async () => {
    const [packed, plain] = [await load(pack), await load(faces)];
    expect(packed.names).toEqual(plain.names);
    expect([...packed.labels]).toEqual([...plain.labels]);
    expect(packed.verification).toEqual(plain.verification);
    expect(await pixelsOf(packed)).toEqual(await pixelsOf(plain));
    expect(packed.images.name(0)).toBe('train.rec/1');
    expect(new Set(await packed.images.keys()).size).toBe(18);
  });

  it('has fingerprints that change with it', async () => {
    const before = await load(pack);
    const other = join(base, 'other', 'train.rec');
    await writeSyntheticFolder(join(base, 'other'), { seed: 9, identities: 6, imagesPerIdentity: 3 });
    await writeRecordPack(other, (await openCollection(join(base, 'other'))).identities);
    const after = await load(other);
    const [first, second] = [before.images.some([0]), before.images.some([1])];
    expect(await listFingerprint(first)).not.toBe(await listFingerprint(second));
    expect(await listFingerprint(after.images)).not.toBe(await listFingerprint(before.images));
    expect(await identityFingerprints(after)).not.toEqual(await identityFingerprints(before));
  });

  it('is scored on a verification set, and not on a list of files', async () => {
    const { verification, pairsFrom, images } = await load(pack, set, '2-4');
    expect(verification).toMatchObject({ folds: [1, 2, 3, 4], scored: [2, 3, 4], missing: 0 });
    expect(verification.same).toEqual([true, false, true, false]);
    expect(images.count).toBe(18 + 8);
    expect(pairsFrom).toBe(`${set}, folds 2, 3, 4`);
    const list = join(base, 'pairs.txt');
    await writeFile(list, '1\t1\n');
    expect((await failureOf(() => load(pack, list))).message).toMatch(
      /^--pairs .* with --data .*a verification set/,
    );
  });
});

describe('a verification set', () => {
  it('needs no folder, and takes none', async () => {
    const { images, verification } = await pairsDataset(set, undefined, undefined, POLICY);
    expect([images.count, verification.pairs.length, verification.scored]).toEqual([8, 4, [1, 2, 3, 4]]);
    const pixels = await pixelsOf({ images });
    expect(pixels[0]).toBe(pixels[2]);
    expect(pixels[0]).not.toBe(pixels[1]);
    expect((await failureOf(() => pairsDataset(set, undefined, faces, POLICY))).message).toMatch(
      /with --data/,
    );
    const list = join(faces, '..', 'list.txt');
    await writeFile(list, '1\t1\n');
    expect((await failureOf(() => pairsDataset(list, undefined, undefined, POLICY))).message).toMatch(
      /without --data/,
    );
  });
});

describe('a list of pairs', () => {
  it('names pictures by their paths, which are those of a folder or list where they are the same', async () => {
    const name = (person: number, n: number): string =>
      `faces/${syntheticName(person)}/${syntheticName(person)}_000${n}.png`;
    const list = join(base, 'path-pairs.csv');
    await writeFile(list, `a,b,same\n${name(0, 1)},${name(0, 2)},1\n${name(0, 1)},${name(1, 1)},0\n`);
    const people = join(base, 'all.csv');
    const rows = [0, 1, 2].flatMap((person) => [1, 2].map((n) => `${name(person, n)},${person}`));
    await writeFile(people, `path,identity\n${rows.join('\n')}\n`);
    for (const root of [faces, people]) {
      const { images, verification, labels } = await load(root, list);
      expect([images.count, verification.same]).toEqual([root === faces ? 18 : 6, [true, false]]);
      expect(verification.pairs.flat().every((index) => labels[index]! >= 0)).toBe(true);
    }
    expect((await load(pack, list)).images.count).toBe(18 + 3);
    const alone = await pairsDataset(list, undefined, undefined, POLICY);
    expect([alone.images.count, alone.verification.folds]).toEqual([3, [1, 2]]);
  });
});

describe('a list of pictures', () => {
  it('says who is trained on and who is scored, and rates pictures', async () => {
    const rows: string[] = [];
    for (const [person, folder] of (await readdir(faces)).filter((name) => !name.includes('.')).entries()) {
      for (const [n, file] of (await readdir(join(faces, folder))).entries())
        rows.push(
          `faces/${folder}/${file},${folder},${person < 4 ? 'train' : 'validation'},${n === 0 ? '' : n},${person + 1}`,
        );
    }
    const list = join(base, 'people.csv');
    await writeFile(list, `path,identity,split,difficulty,weight\n${rows.join('\n')}\n`);
    const dataset = await load(list);
    expect(dataset.names).toEqual([0, 1, 2, 3].map(syntheticName));
    expect(dataset.labels.filter((label) => label >= 0)).toHaveLength(12);
    expect(dataset.pairsFrom).toBe('2 identities of the split validation');
    expect(dataset.verification.pairs.flat().every((index) => dataset.labels[index]! < 0)).toBe(true);
    expect([...dataset.difficulties!.subarray(0, 4)]).toEqual([Number.NaN, 1, 2, Number.NaN]);
    expect([...dataset.weights!.subarray(0, 4)]).toEqual([1, 1, 1, 2]);
    const plain = await load(faces);
    expect([plain.difficulties, plain.weights]).toEqual([undefined, undefined]);
    const few = join(base, 'few.csv');
    await writeFile(few, `path,identity,split,difficulty,weight\n${rows.slice(0, 13).join('\n')}\n`);
    expect((await failureOf(() => load(few))).message).toMatch(
      /^1 usable identity in .*, expected at least 2 in the split/,
    );
  });
});
