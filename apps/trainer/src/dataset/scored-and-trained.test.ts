import { copyFile, mkdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { syntheticName, writeSyntheticFolder } from '@cf/data/node';
import { beforeAll, expect, it } from 'vitest';
import { temporaryFolder, withoutProgress } from '../testing.ts';
import type { Dataset } from './dataset.ts';
import { fileImages } from './image-source.ts';
import { scoredAndTrained } from './scored-and-trained.ts';

withoutProgress();

let root: string;
beforeAll(async () => {
  root = join(await temporaryFolder(), 'faces');
  await writeSyntheticFolder(root, { seed: 3, identities: 6, imagesPerIdentity: 2, difficulty: 1.5 });
  // A stranger who has a picture of somebody who is trained on.
  await mkdir(join(root, 'Stranger'));
  await copyFile(picture(0, 1), join(root, 'Stranger', 'Stranger_0001.png'));
  await copyFile(picture(5, 2), join(root, 'Stranger', 'Stranger_0002.png'));
});

const picture = (identity: number, image: number): string => {
  const name = syntheticName(identity);
  return join(root, name, `${name}_000${image}.png`);
};

function dataset(trained: readonly number[], scored: readonly (readonly [string, string])[]) {
  const files = [...trained.flatMap((id) => [picture(id, 1), picture(id, 2)]), ...scored.flat()];
  const labels = Int32Array.from(files, (_, i) => (i < 2 * trained.length ? Math.floor(i / 2) : -1));
  const pairs = scored.map((_, i) => [2 * trained.length + 2 * i, 2 * trained.length + 2 * i + 1] as const);
  const verification = {
    pairs,
    same: pairs.map(() => true),
    folds: pairs.map(() => 1),
    scored: [1],
    missing: 0,
  };
  const names = trained.map(syntheticName);
  return { images: fileImages(files), labels, names, trueIdentities: new Map(), verification } satisfies Omit<
    Dataset,
    'pairsFrom'
  >;
}

const { signal } = new AbortController();

it('people of both are counted and named', async () => {
  const { warnings: found } = await scoredAndTrained(
    dataset(
      [0, 1, 2],
      [
        [picture(0, 1), picture(0, 2)],
        [picture(3, 1), picture(3, 2)],
      ],
    ),
    signal,
  );
  expect(found[0]).toBe(
    `warning: 1 of 2 scored identities are trained on (${syntheticName(0)}): their scores say nothing of strangers`,
  );
});

it('pictures of both are found under other names', async () => {
  const stranger = [1, 2].map((n) => join(root, 'Stranger', `Stranger_000${n}.png`)) as [string, string];
  const { warnings: found } = await scoredAndTrained(dataset([0, 1, 2], [stranger]), signal);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(
    /^warning: 1 scored picture is \(nearly\) trained on as well: .*Stranger_0001\.png like .*00000_0001\.png$/,
  );
});

it('says nothing of strangers, nor of folds that are not scored', async () => {
  const strangers = dataset([0, 1, 2], [[picture(3, 1), picture(4, 1)]]);
  expect((await scoredAndTrained(strangers, signal)).warnings).toEqual([]);
  const other = dataset(
    [0, 1],
    [
      [picture(0, 1), picture(0, 2)],
      [picture(3, 1), picture(3, 2)],
    ],
  );
  const { verification } = other;
  const unscored = { ...other, verification: { ...verification, folds: [2, 1] } };
  expect((await scoredAndTrained(unscored, signal)).warnings).toEqual([]);
});

it('pictures that were searched are not searched again, but for another one or one that has changed', async () => {
  const stranger = [1, 2].map((n) => join(root, 'Stranger', `Stranger_000${n}.png`)) as [string, string];
  const three = dataset([0, 1, 2], [stranger]);
  const { warnings, found } = await scoredAndTrained(three, signal);
  expect(found!.alike).toHaveLength(1);
  // What is known is told; where there is a search, what it finds.
  const known = { ...found!, alike: [...found!.alike, ['Ann/1.png', 'Bob/2.png'] as [string, string]] };
  const isKnown = async (of: ReturnType<typeof dataset>): Promise<boolean> =>
    (await scoredAndTrained(of, signal, known)).warnings[0]!.includes('Ann/1.png like Bob/2.png');
  expect(await isKnown(three)).toBe(true);
  expect(await isKnown(dataset([0, 1, 3], [stranger]))).toBe(false);
  await utimes(picture(2, 1), 1, 1);
  expect(await isKnown(three)).toBe(false);
  expect((await scoredAndTrained(three, signal, known)).warnings).toEqual(warnings);
});
