import { appendFile, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCollection } from '../collection/open-collection.ts';
import { decodeImage } from '../image/decode.ts';
import { pictureBytes } from '../source/read-picture.ts';
import { failure, picture, temporaryFolder } from '../testing.ts';
import { openRecordPack } from './record-pack.ts';
import { type PlainPack, writePlainPack } from './testing.ts';

let base: string;
let people: Buffer[][];
beforeAll(async () => {
  base = await temporaryFolder();
  const [jpeg, png] = [await picture('jpeg'), await picture('png')];
  people = [[jpeg, png], [png], [jpeg, jpeg, png]];
});

let count = 0;
async function pack(
  options: PlainPack = {},
  content: readonly (readonly Uint8Array[])[] = people,
): Promise<string> {
  const folder = await temporaryFolder();
  return writePlainPack(join(folder, `train${count++}.rec`), content, options);
}

describe('openRecordPack', () => {
  it.each<[string, PlainPack, number]>([
    ['with a header and ranges', {}, 1],
    ['with several labels a record', { labels: (label) => [label, 0.5, 0.25] }, 1],
    ['without a header', { header: false }, 0],
    ['without a header, with several labels', { header: false, labels: (label) => [label, 7] }, 0],
    ['without an index', { index: false }, 1],
  ])('finds people and pictures of a pack %s', async (_, options, first) => {
    const path = await pack(options);
    const { identities, scanned } = await openRecordPack(path);
    expect(scanned).toBe(options.index === false);
    expect(identities.map(({ name, label, files }) => [name, label, files.length])).toEqual([
      ['0', 0, 2],
      ['1', 1, 1],
      ['2', 2, 3],
    ]);
    expect(identities.flatMap(({ files }) => files.map(({ key }) => key))).toEqual(
      [0, 1, 2, 3, 4, 5].map((n) => n + first),
    );
    for (const { files } of identities) {
      for (const file of files) {
        expect(structuredClone(file)).toEqual(file);
        expect(await decodeImage(file, { channels: 3 })).toMatchObject({ width: 32, height: 24 });
      }
    }
  });

  it('reads pixels that are not encoded, of the size that property says', async () => {
    const rgb = Uint8Array.from({ length: 4 * 2 * 3 }, (_, n) => n * 10);
    const grey = Uint8Array.of(0, 50, 100, 150, 200, 250, 30, 60);
    const path = await pack({ property: '2,2,4\n' }, [[rgb], [grey]]);
    const { identities, pixels } = await openRecordPack(path);
    expect(pixels).toEqual({ width: 4, height: 2 });
    const [first, second] = identities.map(({ files }) => files[0]!);
    expect([...(await decodeImage(first!, { channels: 3 })).data]).toEqual([...rgb]);
    expect([...(await decodeImage(second!, { channels: 1 })).data]).toEqual([...grey]);
    expect(await decodeImage(second!, { channels: 3, width: 2, height: 1 })).toMatchObject({ width: 2 });
    const other = await pack({}, [[rgb]]);
    const [one] = (await openRecordPack(other)).identities[0]!.files;
    expect(await failure(() => decodeImage(one!, { channels: 3 }))).toMatch(
      /record 1 \(byte 40\): the content/,
    );
  });

  it('takes names from a list, unless two people would have one', async () => {
    const list = '1\t0\tfaces/Ada/1.jpg\n3\t1\tZoë/x.png\n4\t2\tBob/1.jpg\n';
    const named = await openRecordPack(await pack({ list }));
    expect(named.identities.map(({ name }) => name)).toEqual(['Ada', 'Zoë'.normalize('NFC'), 'Bob']);
    const twice = await openRecordPack(await pack({ list: list.replace('Bob', 'Ada') }));
    expect(twice.identities.map(({ name }) => name)).toEqual(['0', '1', '2']);
    const above = await openRecordPack(await pack({ list: list.replace('Bob', '..') }));
    expect(above.identities.map(({ name }) => name)).toEqual(['0', '1', '2']);
    expect([named.unnamed, twice.unnamed, above.unnamed]).toEqual([false, true, true]);
    expect((await openCollection(twice.path)).notes).toEqual([
      `'${twice.path}' has people whom the list beside it does not name, or two of one name; all are called by number`,
    ]);
    expect((await openCollection(named.path)).notes).toEqual([]);
  });

  it('goes by the labels of pictures where ranges are of others', async () => {
    const path = await pack();
    const bytes = await readFile(path);
    const index = (await readFile(path.replace('.rec', '.idx'), 'utf8')).split('\n');
    // The last picture of the first range becomes one of the second person.
    bytes.writeFloatLE(1, Number(index[2]!.split('\t')[1]) + 12);
    await writeFile(path, bytes);
    const { identities } = await openRecordPack(path);
    expect(identities.map(({ files }) => files.map(({ key }) => key))).toEqual([[1], [2, 3], [4, 5, 6]]);
  });

  it('reads records of which the index leaves the ones between them out', async () => {
    const noise = Buffer.alloc(3_000_000, 0x55);
    const path = await pack({ header: false }, [[people[0]![0]!], [noise], [people[0]![0]!]]);
    const index = path.replace('.rec', '.idx');
    const lines = (await readFile(index, 'utf8')).split('\n');
    await writeFile(index, [lines[0], lines[2], ''].join('\n'));
    const { identities } = await openRecordPack(path);
    const [first, last] = identities.map(({ files }) => files[0]!);
    expect([await pictureBytes(first!), first!.length > 3_000_000]).toEqual([last!.length, true]);
    expect(await decodeImage(first!, { channels: 3 })).toMatchObject({ width: 32 });
  });

  it('that is changed somewhere is refused by name, or read; nothing else is thrown', async () => {
    const path = await pack({ property: '3,24,32' });
    const files = [path, path.replace('.rec', '.idx')];
    const contents = await Promise.all(files.map((file) => readFile(file)));
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 4 }),
        async (ofIndex, at, other) => {
          const which = ofIndex ? 1 : 0;
          const bytes = Buffer.from(contents[which]!);
          bytes.set(other.subarray(0, bytes.length - (at % bytes.length)), at % bytes.length);
          await writeFile(files[which]!, bytes);
          try {
            for (const { files: pictures } of (await openRecordPack(path)).identities)
              await decodeImage(pictures[0]!, { channels: 3, width: 8, height: 8 }).catch(
                (error: unknown) => {
                  expect(error).toMatchObject({ code: 'E_IMAGE', path: expect.stringContaining(path) });
                },
              );
          } catch (error) {
            expect(error).toMatchObject({ code: 'E_RECORD_FILE' });
            expect((error as Error).message).toMatch(/train\d+\.(rec|idx)/);
          }
          await writeFile(files[which]!, contents[which]!);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('names the byte where an unindexed pack is no more one', async () => {
    const path = await pack({ index: false });
    const whole = (await readFile(path)).length;
    await appendFile(path, 'no record here');
    expect(await failure(() => openRecordPack(path))).toBe(
      `RecordFileError [E_RECORD_FILE]: ${path}, byte ${whole}: no record begins here: 0x72206f6e in place of 0xced7230a, expected a whole record.`,
    );
    await truncate(path, whole - 4);
    expect(await failure(() => openRecordPack(path))).toMatch(
      /, byte \d+: the file ends in the middle of a record/,
    );
    await truncate(path, 10);
    expect(await failure(() => openRecordPack(path))).toMatch(/, byte \d+: /);
  });

  it('names record and byte where an indexed pack is cut off or its index is of another', async () => {
    const path = await pack();
    const index = path.replace('.rec', '.idx');
    const lines = await readFile(index, 'utf8');
    await truncate(path, 100);
    expect(await failure(() => openRecordPack(path))).toMatch(
      /\.idx:3: byte \d+ of 100, expected a byte inside/,
    );
    await writeFile(index, lines.split('\n').slice(0, 2).join('\n'));
    expect(await failure(() => openRecordPack(path))).toMatch(
      /record 1 \(byte 40\): the file ends at byte 100/,
    );
    const shifted = await pack();
    await writeFile(shifted.replace('.rec', '.idx'), '0\t4\n');
    expect(await failure(() => openRecordPack(shifted))).toMatch(
      /record 0 \(byte 4\): no record begins here/,
    );
    await writeFile(shifted.replace('.rec', '.idx'), '0\t0\n\nthree\t4\n');
    expect(await failure(() => openRecordPack(shifted))).toMatch(/\.idx:3: "three\\t4", expected a number/);
  });

  it('refuses an index that lists a record twice', async () => {
    const path = await pack();
    const index = path.replace('.rec', '.idx');
    const lines = (await readFile(index, 'utf8')).trim().split('\n');
    const [key, offset] = lines[2]!.split('\t');
    await writeFile(index, [...lines, lines[2]].join('\n'));
    expect(await failure(() => openRecordPack(path))).toContain(
      `${index}': record ${key} is listed twice, expected each record once`,
    );
    await writeFile(index, [...lines, `99\t${offset}`].join('\n'));
    expect(await failure(() => openRecordPack(path))).toContain(
      `${index}': records ${key} and 99 both begin at byte ${offset}, expected each record once`,
    );
  });

  it('has it noted where property says another number of people', async () => {
    const notes = async (property: string): Promise<readonly string[]> =>
      (await openCollection(await pack({ property }))).notes;
    expect(await notes('3,24,32')).toEqual([]);
    expect(await notes('4,24,32')).toEqual([
      expect.stringMatching(/train\d+\.rec' has pictures of 3 identities; the property beside it says 4$/),
    ]);
  });

  it('names a label that is none, a property that is none, and a pack without pictures', async () => {
    expect(await failure(async () => openRecordPack(await pack({ labels: () => 0.5 })))).toMatch(
      /record 1 \(byte 40\): its label is 0\.5, expected the number of an identity/,
    );
    const named = await pack({ property: 'many' });
    expect(await failure(() => openRecordPack(named))).toMatch(/property': "many", expected number of/);
    expect(await failure(async () => openRecordPack(await pack({}, [])))).toMatch(/it holds no picture/);
    expect(await failure(() => openRecordPack(join(base, 'none.rec')))).toMatch(/there is no such file/);
    expect(await failure(() => openRecordPack(base))).toMatch(/it is a folder/);
  });

  it('has a picture whose record became damaged or shorter told by its place', async () => {
    const path = await pack();
    const { identities } = await openRecordPack(path);
    const last = identities[2]!.files[2]!;
    const bytes = await readFile(path);
    bytes.writeUInt32LE(0, last.offset);
    await writeFile(path, bytes);
    const where = `UnreadableImageError [E_IMAGE]: ${path}, record 6 (byte ${last.offset}): `;
    expect(await failure(() => decodeImage(last, { channels: 3 }))).toContain(
      `${where}no record begins here`,
    );
    await truncate(path, last.offset + 20);
    expect(await failure(() => decodeImage(last, { channels: 3 }))).toContain(
      `${where}the file ends at byte`,
    );
    await rename(path, `${path}.gone`);
    expect(await failure(() => decodeImage(last, { channels: 3 }))).toContain(
      `${where}there is no such file`,
    );
    await rm(`${path}.gone`);
  });
});
