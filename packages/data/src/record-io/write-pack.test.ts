import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scanImageFolder } from '../folder/image-folder.ts';
import { decodeImage } from '../image/decode.ts';
import type { ImageProblem } from '../problem.ts';
import { failure, picture, put, temporaryFolder } from '../testing.ts';
import { openRecordPack } from './record-pack.ts';
import { plainContent, plainRecord, writePlainPack } from './testing.ts';
import { unpackRecords } from './unpack.ts';
import { writeRecordPack } from './write-pack.ts';

let base: string;
let faces: string;
let jpeg: Buffer;
let png: Buffer;
beforeAll(async () => {
  base = await temporaryFolder();
  faces = join(base, 'faces');
  [jpeg, png] = [await picture('jpeg'), await picture('png')];
  // The magic of records, in a comment at a place that is a multiple of four in the record.
  const comment = Buffer.concat([
    Buffer.of(0xff, 0xfe, 0, 12),
    Buffer.from('..'),
    Buffer.from('0a23d7ce0a23d7ce', 'hex'),
  ]);
  await put(join(faces, 'Ada', '1.jpg'), jpeg);
  await put(join(faces, 'Ada', '2.png'), png);
  await put(join(faces, 'Bob', 'b.jpg'), Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]));
  await put(join(faces, 'Zoë', 'z.webp'), await picture('webp'));
});

const open = async (name: string): Promise<string> => {
  // A folder that is not there is made.
  if (name !== 'round') await mkdir(join(base, name));
  return join(base, name, 'train.rec');
};

describe('a folder that is packed and unpacked', () => {
  it('has the same names and bytes again', async () => {
    const path = await open('round');
    const { identities } = await scanImageFolder(faces);
    const written = await writeRecordPack(path, identities);
    expect(written).toEqual({ identities: 3, pictures: 4, size: { width: 32, height: 24 }, otherSizes: 0 });
    expect((await readdir(join(base, 'round'))).sort()).toEqual([
      'property',
      'train.idx',
      'train.lst',
      'train.rec',
    ]);
    expect(await readFile(join(base, 'round', 'property'), 'utf8')).toBe('3,24,32\n');
    const out = join(base, 'unpacked');
    expect(await unpackRecords(path, out)).toEqual({ identities: 3, pictures: 4 });
    for (const file of ['Ada/1.jpg', 'Ada/2.png', 'Bob/b.jpg'])
      expect(Buffer.compare(await readFile(join(out, file)), await readFile(join(faces, file))), file).toBe(
        0,
      );
    // What InsightFace's reader has no decoder for is written as PNG, pixel by pixel.
    const pixels = async (file: string): Promise<number[]> => [
      ...(await decodeImage(file, { channels: 3 })).data,
    ];
    expect(await pixels(join(out, 'Zoë', 'z.png'))).toEqual(await pixels(join(faces, 'Zoë', 'z.webp')));
  });

  it('is byte by byte what InsightFace writes', async () => {
    const path = await open('bytes');
    const { identities } = await scanImageFolder(faces);
    await writeRecordPack(path, identities.slice(0, 1));
    const other = await open('other');
    await writePlainPack(other, [[jpeg, png]]);
    expect(Buffer.compare(await readFile(path), await readFile(other))).toBe(0);
    const index = (file: string): Promise<string> => readFile(file.replace('.rec', '.idx'), 'utf8');
    expect(await index(path)).toBe(await index(other));
    const head = plainRecord(plainContent([3, 4], 0, Buffer.alloc(0)));
    expect(Buffer.compare((await readFile(path)).subarray(0, head.length), head)).toBe(0);
  });

  it('is unpacked by labels and numbers where there is no list', async () => {
    const path = await open('unlisted');
    await writePlainPack(path, [[jpeg], [jpeg, png]]);
    const out = join(base, 'by-label');
    await unpackRecords(path, out);
    expect((await readdir(join(out, '1'))).sort()).toEqual(['1_0001.jpg', '1_0002.png']);
  });

  it('is brought to one size where one is asked for', async () => {
    const path = await open('sized');
    const { identities } = await scanImageFolder(faces);
    const written = await writeRecordPack(path, identities, { size: { width: 8, height: 8 } });
    expect(written.size).toEqual({ width: 8, height: 8 });
    for (const { files } of (await openRecordPack(path)).identities)
      expect(await decodeImage(files[0]!, { channels: 3 })).toMatchObject({ width: 8, height: 8 });
  });

  it('is left without what can not be read, and told; people without a picture have no label', async () => {
    const path = await open('broken');
    const cut = await put(join(base, 'cut', 'Cut', '1.jpg'), jpeg.subarray(0, jpeg.length / 2));
    const problems: ImageProblem[] = [];
    const people = [
      { name: 'Cut', files: [cut] },
      { name: 'Ada', files: [join(faces, 'Ada', '1.jpg')] },
    ];
    await writeRecordPack(path, people, { onProblem: (problem) => problems.push(problem) });
    expect(problems.map(({ path: file }) => file)).toEqual([cut]);
    expect((await openRecordPack(path)).identities.map(({ name, label }) => [name, label])).toEqual([
      ['Ada', 0],
    ]);
    expect(await failure(async () => writeRecordPack(await open('strict'), people))).toContain(cut);
    expect(await readdir(join(base, 'strict'))).toEqual([]);
  });

  it('leaves nothing behind when it is stopped, and nothing that is there is written over', async () => {
    const { identities } = await scanImageFolder(faces);
    const stopped = await open('stopped');
    const controller = new AbortController();
    const stop = { signal: controller.signal, onProgress: () => controller.abort(new Error('stopped')) };
    await expect(writeRecordPack(stopped, identities, stop)).rejects.toThrow('stopped');
    expect(await readdir(join(base, 'stopped'))).toEqual([]);
    await writeFile(join(base, 'stopped', 'property'), 'of another');
    expect(await failure(() => writeRecordPack(stopped, identities))).toMatch(
      /property', which is there already/,
    );
    const path = await open('whole');
    await writeRecordPack(path, identities);
    const out = join(base, 'not-there');
    const again = new AbortController();
    const stopAgain = { signal: again.signal, onProgress: () => again.abort(new Error('stopped')) };
    await expect(unpackRecords(path, out, stopAgain)).rejects.toThrow('stopped');
    expect((await readdir(base)).filter((name) => name.includes('not-there'))).toEqual([]);
    expect(await failure(() => unpackRecords(path, faces))).toMatch(/faces', which is there already/);
    const below = join(base, 'whole', 'property', 'x.rec');
    expect(await failure(() => writeRecordPack(below, identities))).toMatch(
      /OutputFolderError .*x\.rec' \(E/,
    );
    expect(await failure(() => unpackRecords(path, join(below, 'out')))).toMatch(
      /OutputFolderError .*out' \(E/,
    );
  });
});
