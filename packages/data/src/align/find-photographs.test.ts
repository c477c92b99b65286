import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failure, put, temporaryFolder } from '../testing.ts';
import { cropPaths, findPhotographs } from './find-photographs.ts';

describe('findPhotographs', () => {
  it('finds files in folders of any depth, without clutter, and through links once', async () => {
    const at = join(await temporaryFolder(), 'photos');
    for (const path of [
      'Ann/1.jpg',
      'Ann/2019/beach/2.JPG',
      'Bob/no-ending',
      'flat.png',
      'Ann/.hidden.jpg',
      '.git/3.jpg',
      '$RECYCLE.BIN/4.jpg',
      'Ann/@eaDir/5.jpg',
      'lost+found/6.jpg',
      'Ann/Thumbs.db',
      'Ann/notes.txt',
      'Ann/film.MOV',
    ])
      await put(join(at, path), 'x');
    await symlink(at, join(at, 'Ann', 'round'));
    await symlink(join(at, 'nowhere'), join(at, 'Bob', 'broken.jpg'));
    const { files, problems } = await findPhotographs(at);
    expect(files.map(({ path }) => path)).toEqual([
      'Ann/1.jpg',
      'Ann/2019/beach/2.JPG',
      'Bob/no-ending',
      'flat.png',
    ]);
    expect(files.every(({ bytes, changed }) => bytes === 1 && changed > 0)).toBe(true);
    expect(problems.map(({ path }) => path)).toEqual([join(at, 'Bob', 'broken.jpg')]);
  });

  it('says what is wrong with the folder', async () => {
    const base = await temporaryFolder();
    expect(await failure(() => findPhotographs(join(base, 'none')))).toContain('does not exist');
    const file = await put(join(base, 'file'), 'x');
    expect(await failure(() => findPhotographs(file))).toContain('is not a folder');
  });
});

describe('cropPaths', () => {
  it("keeps people's folders and files' names, and puts deeper folders into the name", () => {
    expect(cropPaths(['Ann/1.jpg', 'Ann/2019/beach/2.JPG', 'flat.png', 'Bob/a.b.webp'], 'jpg')).toEqual([
      'Ann/1.jpg',
      'Ann/2019--beach--2.jpg',
      'flat.jpg',
      'Bob/a.b.jpg',
    ]);
  });

  it('keeps apart what would be one, on any file system', () => {
    expect(cropPaths(['Ann/1.jpg', 'Ann/1.png', 'Ann/1.PNG'], 'png')).toEqual([
      'Ann/1.jpg.png',
      'Ann/1.png.png',
      'Ann/1.PNG-.png',
    ]);
    const name = fc.constantFrom(
      'a',
      'A',
      'a--b',
      'b',
      'a.jpg',
      'a.png',
      'é',
      'é'.normalize('NFD'),
      'a.jpg-',
    );
    const paths = fc.uniqueArray(
      fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(paths, (list) => {
        const crops = cropPaths(list, 'jpg').map((path) => path.normalize('NFC').toLowerCase());
        expect(new Set(crops).size).toBe(list.length);
        for (const crop of crops) expect(crop.split('/').length).toBeLessThanOrEqual(2);
      }),
    );
  });
});
