import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure, put, temporaryFolder } from '../testing.ts';
import { parsePairs } from './pairs.ts';
import { lfwImagePath, resolvePairs } from './resolve-pairs.ts';

let root: string;
beforeAll(async () => {
  root = await temporaryFolder();
  for (const file of [
    'Ada/Ada_0001.jpg',
    'Ada/Ada_0003.png',
    'Bob/Bob_0001.jpg',
    'Bob/Bob_0012.webp',
    'Bob/Bob_0012.jpg',
  ]) {
    await put(join(root, file), 'x');
  }
  await put(join(root, 'José'.normalize('NFD'), `${'José'.normalize('NFD')}_0002.JPG`), 'x');
});

const LIST = parsePairs('1\t2\nAda\t1\t3\nAda\t1\t2\nAda\t1\tBob\t12\nNo\t1\tBob\t1', 'lists/p.txt');

describe('lfwImagePath', () => {
  it('pads to four digits', () => {
    expect(lfwImagePath('lfw', 'Ada_Lovelace', 7)).toBe(join('lfw', 'Ada_Lovelace', 'Ada_Lovelace_0007.jpg'));
    expect(lfwImagePath('lfw', 'A', 12345)).toBe(join('lfw', 'A', 'A_12345.jpg'));
  });
});

describe('resolvePairs', () => {
  it('finds pictures of any format, JPEG first, and reports each pair that lacks one', async () => {
    const { pairs, problems, folds } = await resolvePairs(LIST, root);
    expect(folds).toBe(1);
    expect(pairs).toEqual([
      { fold: 0, same: true, a: join(root, 'Ada/Ada_0001.jpg'), b: join(root, 'Ada/Ada_0003.png'), line: 2 },
      { fold: 0, same: false, a: join(root, 'Ada/Ada_0001.jpg'), b: join(root, 'Bob/Bob_0012.jpg'), line: 4 },
    ]);
    const missing = (file: string): string => join(root, file);
    expect(problems).toEqual([
      {
        path: missing('Ada/Ada_0002.jpg'),
        kind: 'missing pair image',
        message: `lists/p.txt:3: pair of Ada 1 and Ada 2: there is no ${missing('Ada/Ada_0002.jpg')} [E_PAIR_IMAGE]`,
      },
      {
        path: missing('No/No_0001.jpg'),
        kind: 'missing pair image',
        message: `lists/p.txt:5: pair of No 1 and Bob 1: there is no ${missing('No/No_0001.jpg')} [E_PAIR_IMAGE]`,
      },
    ]);
  });

  it('stops at the first missing picture in strict mode', async () => {
    expect(await failure(() => resolvePairs(LIST, root, { strict: true }))).toContain(
      'PairImageError [E_PAIR_IMAGE]: lists/p.txt:3: pair of Ada 1 and Ada 2: there is no ',
    );
  });

  it('matches names in either Unicode form', async () => {
    const list = parsePairs(`1\t1\n${'José'}\t2\t1\nAda\t1\tJosé\t2`);
    const { pairs } = await resolvePairs(list, root);
    expect(pairs.map(({ line }) => line)).toEqual([3]);
    expect(pairs[0]!.b.endsWith('_0002.JPG')).toBe(true);
  });

  it('says when the folder itself is missing', async () => {
    const gone = join(root, 'gone');
    expect(await failure(() => resolvePairs(LIST, gone))).toContain(
      `DataFolderError [E_DATA_FOLDER]: '${gone}' does not exist`,
    );
  });
});
