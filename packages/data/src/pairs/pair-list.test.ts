import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure, temporaryFolder } from '../testing.ts';
import { type PictureFilePairs, readPairList } from './pair-list.ts';

let base: string;
let count = 0;
beforeAll(async () => {
  base = await temporaryFolder();
});
async function read(text: string, extension = 'csv'): Promise<PictureFilePairs> {
  const path = join(base, `pairs${count++}.${extension}`);
  await writeFile(path, text);
  return readPairList(path);
}

describe('readPairList', () => {
  it('reads CSV and JSON lines, with folds', async () => {
    const expected = {
      folds: 2,
      pairs: [
        { a: join(base, 'x/1.jpg'), b: '/y.jpg', same: true, fold: 1 },
        { a: join(base, '2.jpg'), b: join(base, '3.jpg'), same: false, fold: 0 },
      ],
    };
    expect(await read('a,b,same,fold\nx/1.jpg,/y.jpg,1,2\n./2.jpg,3.jpg,False,1\n')).toMatchObject(expected);
    const lines =
      '{"a":"x/1.jpg","b":"/y.jpg","same":true,"fold":2}\n{"a":"2.jpg","b":"3.jpg","same":0,"fold":1}';
    expect(await read(lines, 'jsonl')).toMatchObject(expected);
  });

  it('puts pairs without folds into ten, in their order', async () => {
    const rows = Array.from({ length: 23 }, (_, n) => `${n}.jpg,x.jpg,${n % 2}`);
    const { pairs, folds } = await read(`a,b,same\n${rows.join('\n')}`);
    expect([folds, pairs.map(({ fold }) => fold).join('')]).toEqual([10, '00011122233445566778899']);
    expect((await read('a,b,same\n1,2,1\n3,4,0\n')).folds).toBe(2);
  });

  it.each<[string, RegExp]>([
    ['x,b,same\n1,2,1\n', /:2: no 'a' among x, b, same, expected a and b/],
    ['a,b,same\n1,2,maybe\n', /:2: same = "maybe", expected 1 or 0/],
    ['a,b,same\n1,2,constructor\n', /:2: same = "constructor", expected 1 or 0/],
    ['a,b,same\n1,2,1\n1,,1\n', /:3: b = ""/],
    ['a,b,same\n1,./1,1\n', /:2: a picture with itself/],
    ['a,b,same,fold\n1,2,1,0\n', /:2: fold = "0", expected a whole number from 1/],
    ['a,b,same,fold\n1,2,1,1\n3,4,1,\n', /:3: a fold on some lines alone/],
    ['a,b,same,fold\n1,2,1,1\n3,4,1,3\n', /no pair of fold 2, expected pairs of each of 3/],
    ['a,b,same\n', /it names no pair/],
  ])('names file and line of %j', async (text, message) => {
    expect(await failure(() => read(text))).toMatch(message);
  });
});
