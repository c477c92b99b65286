import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSyntheticFolder } from '@cf/data/node';
import { beforeAll, expect, it } from 'vitest';
import { configWith, temporaryFolder } from '../testing.ts';
import { identityFingerprints } from './identity-fingerprints.ts';
import { loadDataset } from './load-dataset.ts';

let base: string;
let faces: string;
beforeAll(async () => {
  base = await temporaryFolder();
  faces = join(base, 'faces');
  await writeSyntheticFolder(faces, { seed: 2, identities: 6, imagesPerIdentity: 3, format: 'jpeg' });
});

async function fingerprints(
  root?: string,
  checkContent: boolean = false,
): Promise<ReadonlyMap<string, string>> {
  const { data, evaluation, seed } = configWith(root === undefined ? {} : { data: root, checkContent });
  const dataset = await loadDataset(data, evaluation, seed, { onProblem: () => {}, strict: true });
  const texts = await identityFingerprints(dataset);
  return new Map(dataset.names.map((name, label) => [name, texts[label]!]));
}

/** Names of the identities whose pictures have changed. */
async function changedBy(
  change: (root: string, names: readonly string[]) => Promise<void>,
  checkContent: boolean = false,
): Promise<string[]> {
  const before = await fingerprints(faces, checkContent);
  const root = join(base, 'changed');
  await rm(root, { recursive: true, force: true });
  await cp(faces, root, { recursive: true });
  const names = [...before.keys()];
  await change(root, names);
  const after = await fingerprints(root, checkContent);
  return names.filter((name) => after.get(name) !== before.get(name)).map((name) => `${names.indexOf(name)}`);
}

it('tells identities apart, and is the same where the folder lies elsewhere', async () => {
  expect(new Set((await fingerprints(faces)).values()).size).toBe(4);
  expect(await changedBy(async () => {})).toEqual([]);
  expect(await fingerprints()).toEqual(await fingerprints());
});

it('changes with a picture that is replaced, added, renamed or taken away', async () => {
  const picture = (root: string, name: string, image: number): string =>
    join(root, name, `${name}_000${image}.jpg`);
  expect(await changedBy((root, names) => writeFile(picture(root, names[1]!, 1), 'other'))).toEqual(['1']);
  expect(
    await changedBy((root, names) => cp(picture(root, names[2]!, 1), picture(root, names[2]!, 4))),
  ).toEqual(['2']);
  expect(
    await changedBy((root, names) => rename(picture(root, names[0]!, 3), picture(root, names[0]!, 7))),
  ).toEqual(['0']);
  expect(await changedBy((root, names) => rm(picture(root, names[3]!, 2)))).toEqual(['3']);
});

it('changes with folders that were exchanged', async () => {
  const exchange = async (root: string, names: readonly string[]): Promise<void> => {
    const [a, b, aside] = [join(root, names[0]!), join(root, names[1]!), join(root, 'aside')];
    await rename(a, aside);
    await rename(b, a);
    await rename(aside, b);
  };
  expect(await changedBy(exchange)).toEqual(['0', '1']);
});

it('changes with the bytes of a picture where content is asked for', async () => {
  const turnOver = async (root: string, names: readonly string[]): Promise<void> => {
    const path = join(root, names[1]!, `${names[1]}_0001.jpg`);
    await writeFile(path, (await readFile(path)).toReversed());
  };
  expect(await changedBy(turnOver)).toEqual([]);
  expect(await changedBy(turnOver, true)).toEqual(['1']);
});
