import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filterIdentities } from '../folder/filter.ts';
import { scanImageFolder } from '../folder/image-folder.ts';
import { SHARED } from '../testing.ts';
import { parseFolds, peopleOfFolds } from './folds.ts';
import { formatPairs, parsePairs } from './pairs.ts';
import { parsePeople } from './people.ts';
import { resolvePairs } from './resolve-pairs.ts';

const FACES = join(SHARED, 'data/lfw-112');
const PROTOCOL = join(SHARED, 'data/lfw-protocol');
const read = (name: string): string => readFileSync(join(PROTOCOL, name), 'utf8');

describe.skipIf(!existsSync(PROTOCOL) || !existsSync(FACES))('the real LFW (needs ../shared)', () => {
  it('reads the lists of both views', () => {
    const pairs = parsePairs(read('pairs.txt'));
    expect([pairs.folds, pairs.pairs.length]).toEqual([10, 6000]);
    for (let fold = 0; fold < 10; fold++) {
      const own = pairs.pairs.filter((pair) => pair.fold === fold);
      expect([own.length, own.filter(({ same }) => same).length]).toEqual([600, 300]);
    }
    expect(formatPairs(pairs)).toBe(read('pairs.txt'));
    expect(parsePairs(read('pairsDevTrain.txt')).pairs.length).toBe(2200);
    expect(parsePairs(read('pairsDevTest.txt')).pairs.length).toBe(1000);

    const people = parsePeople(read('people.txt'));
    expect(people.length).toBe(10);
    expect(people.flat().length).toBe(5749);
    expect(people.flat().reduce((sum, { images }) => sum + images, 0)).toBe(13_233);
    expect(parsePeople(read('peopleDevTrain.txt')).map((fold) => fold.length)).toEqual([4038]);
    expect(parsePeople(read('peopleDevTest.txt')).map((fold) => fold.length)).toEqual([1711]);
  });

  it('keeps the pairs of a fold to the people of that fold', () => {
    const people = parsePeople(read('people.txt')).map((fold) => new Set(fold.map(({ name }) => name)));
    for (const { fold, a, b } of parsePairs(read('pairs.txt')).pairs) {
      expect(people[fold]!.has(a.name) && people[fold]!.has(b.name)).toBe(true);
    }
  });

  it('finds every picture of every pair', async () => {
    const { pairs, problems } = await resolvePairs(parsePairs(read('pairs.txt')), FACES);
    expect([pairs.length, problems]).toEqual([6000, []]);
  });

  it('selects the training identities of folds 1 to 9', async () => {
    const folder = await scanImageFolder(FACES);
    expect(folder.problems).toEqual([]);
    expect(folder.identities.length).toBe(5749);
    const people = parsePeople(read('people.txt'));
    const listed = new Map(people.flat().map(({ name, images }) => [name, images]));
    for (const { name, files } of folder.identities) expect(files.length).toBe(listed.get(name));
    const names = peopleOfFolds(people, parseFolds('1-9'));
    const counts = [2, 5, 10].map((minImages) => {
      const { identities } = filterIdentities(folder, { names, minImages });
      return [identities.length, identities.reduce((sum, { files }) => sum + files.length, 0)];
    });
    expect(counts).toEqual([
      [1499, 7809],
      [382, 4966],
      [146, 3502],
    ]);
  });
});
