import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from '../image/decode.ts';
import { pictureBytes, readPicture } from '../source/read-picture.ts';
import { failure, picture, temporaryFolder } from '../testing.ts';
import { verificationBin } from './testing.ts';
import { isVerificationSet, readVerificationSet, type VerificationSet } from './verification-set.ts';

/** Sets that Python has written: six pictures of six bytes, ff d8 ff N 80+N 0a, and the flags true, false, true. */
const GOLDEN = {
  'bytes, protocol 2':
    'gAJdcQAoY19jb2RlY3MKZW5jb2RlCnEBWAoAAADDv8OYw78AwoAKcQJYBgAAAGxhdGluMXEDhnEEUnEFaAFYCgAAAMO/w5jDvwHCgQpxBmgDhnEHUnEIaAFYCgAAAMO/w5jDvwLCggpxCWgDhnEKUnELaAFYCgAAAMO/w5jDvwPCgwpxDGgDhnENUnEOaAFYCgAAAMO/w5jDvwTChApxD2gDhnEQUnERaAFYCgAAAMO/w5jDvwXChQpxEmgDhnETUnEUZV1xFSiIiYhlhnEWLg==',
  'bytes, protocol 3':
    'gANdcQAoQwb/2P8AgApxAUMG/9j/AYEKcQJDBv/Y/wKCCnEDQwb/2P8DgwpxBEMG/9j/BIQKcQVDBv/Y/wWFCnEGZV1xByiIiYhlhnEILg==',
  'bytes, protocol 4':
    'gASVRAAAAAAAAABdlChDBv/Y/wCACpRDBv/Y/wGBCpRDBv/Y/wKCCpRDBv/Y/wODCpRDBv/Y/wSECpRDBv/Y/wWFCpRlXZQoiImIZYaULg==',
  'bytes, protocol 5':
    'gAWVRAAAAAAAAABdlChDBv/Y/wCACpRDBv/Y/wGBCpRDBv/Y/wKCCpRDBv/Y/wODCpRDBv/Y/wSECpRDBv/Y/wWFCpRlXZQoiImIZYaULg==',
  'arrays of NumPy, protocol 2':
    'gAJdcQAoY251bXB5LmNvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQFjbnVtcHkKbmRhcnJheQpxAksAhXEDY19jb2RlY3MKZW5jb2RlCnEEWAEAAABicQVYBgAAAGxhdGluMXEGhnEHUnEIh3EJUnEKKEsBSwaFcQtjbnVtcHkKZHR5cGUKcQxYAgAAAHUxcQ2JiIdxDlJxDyhLA1gBAAAAfHEQTk5OSv////9K/////0sAdHERYoloBFgKAAAAw7/DmMO/AMKACnESaAaGcRNScRR0cRViaAFoAksAhXEWaAiHcRdScRgoSwFLBoVxGWgPiWgEWAoAAADDv8OYw78BwoEKcRpoBoZxG1JxHHRxHWJoAWgCSwCFcR5oCIdxH1JxIChLAUsGhXEhaA+JaARYCgAAAMO/w5jDvwLCggpxImgGhnEjUnEkdHElYmgBaAJLAIVxJmgIh3EnUnEoKEsBSwaFcSloD4loBFgKAAAAw7/DmMO/A8KDCnEqaAaGcStScSx0cS1iaAFoAksAhXEuaAiHcS9ScTAoSwFLBoVxMWgPiWgEWAoAAADDv8OYw78EwoQKcTJoBoZxM1JxNHRxNWJoAWgCSwCFcTZoCIdxN1JxOChLAUsGhXE5aA+JaARYCgAAAMO/w5jDvwXChQpxOmgGhnE7UnE8dHE9YmVoAWgCSwCFcT5oCIdxP1JxQChLAUsDhXFBaAxYAgAAAGIxcUKJiIdxQ1JxRChLA2gQTk5OSv////9K/////0sAdHFFYoloBFgDAAAAAQABcUZoBoZxR1JxSHRxSWKGcUou',
  'arrays of NumPy, protocol 4':
    'gASViwEAAAAAAABdlCiMFW51bXB5LmNvcmUubXVsdGlhcnJheZSMDF9yZWNvbnN0cnVjdJSTlIwFbnVtcHmUjAduZGFycmF5lJOUSwCFlEMBYpSHlFKUKEsBSwaFlGgEjAVkdHlwZZSTlIwCdTGUiYiHlFKUKEsDjAF8lE5OTkr/////Sv////9LAHSUYolDBv/Y/wCACpR0lGJoA2gGSwCFlGgIh5RSlChLAUsGhZRoEIlDBv/Y/wGBCpR0lGJoA2gGSwCFlGgIh5RSlChLAUsGhZRoEIlDBv/Y/wKCCpR0lGJoA2gGSwCFlGgIh5RSlChLAUsGhZRoEIlDBv/Y/wODCpR0lGJoA2gGSwCFlGgIh5RSlChLAUsGhZRoEIlDBv/Y/wSECpR0lGJoA2gGSwCFlGgIh5RSlChLAUsGhZRoEIlDBv/Y/wWFCpR0lGJlaANoBksAhZRoCIeUUpQoSwFLA4WUaA2MAmIxlImIh5RSlChLA2gRTk5OSv////9K/////0sAdJRiiUMDAQABlHSUYoaULg==',
  'arrays of NumPy, protocol 5':
    'gAWVWAEAAAAAAABdlCiMEm51bXB5LmNvcmUubnVtZXJpY5SMC19mcm9tYnVmZmVylJOUKJYGAAAAAAAAAP/Y/wCACpSMBW51bXB5lIwFZHR5cGWUk5SMAnUxlImIh5RSlChLA4wBfJROTk5K/////0r/////SwB0lGJLBoWUjAFDlHSUUpRoAyiWBgAAAAAAAAD/2P8BgQqUaApLBoWUaA50lFKUaAMolgYAAAAAAAAA/9j/AoIKlGgKSwaFlGgOdJRSlGgDKJYGAAAAAAAAAP/Y/wODCpRoCksGhZRoDnSUUpRoAyiWBgAAAAAAAAD/2P8EhAqUaApLBoWUaA50lFKUaAMolgYAAAAAAAAA/9j/BYUKlGgKSwaFlGgOdJRSlGVoAyiWAwAAAAAAAAABAAGUaAeMAmIxlImIh5RSlChLA2gLTk5OSv////9K/////0sAdJRiSwOFlGgOdJRSlIaULg==',
  'numbers of NumPy':
    'gASV7QAAAAAAAABdlChdlCiMCGJ1aWx0aW5zlIwJYnl0ZWFycmF5lJOUQwb/2P8AgAqUhZRSlGgEQwb/2P8BgQqUhZRSlGgEQwb/2P8CggqUhZRSlGgEQwb/2P8DgwqUhZRSlGgEQwb/2P8EhAqUhZRSlGgEQwb/2P8FhQqUhZRSlGVdlCiMFW51bXB5LmNvcmUubXVsdGlhcnJheZSMBnNjYWxhcpSTlIwFbnVtcHmUjAVkdHlwZZSTlIwCYjGUiYiHlFKUKEsDjAF8lE5OTkr/////Sv////9LAHSUYkMBAZSGlFKUaBpoIEMBAJSGlFKUaCVlZS4=',
  'str of Python 2':
    'gAJdcQAoVQb/2P8AgApxAVUG/9j/AYEKcQJVBv/Y/wKCCnEDVQb/2P8DgwpxBFUG/9j/BIQKcQVVBv/Y/wWFCnEGZV1xYyiIiYhlhnECLg==',
} as const;

/** `os.system('touch EXECUTED')` in place of a flag. */
const CALL =
  'gAJdcQAoY19jb2RlY3MKZW5jb2RlCnEBWAoAAADDv8OYw78AwoAKcQJYBgAAAGxhdGluMXEDhnEEUnEFaAFYCgAAAMO/w5jDvwHCgQpxBmgDhnEHUnEIaAFYCgAAAMO/w5jDvwLCggpxCWgDhnEKUnELaAFYCgAAAMO/w5jDvwPCgwpxDGgDhnENUnEOaAFYCgAAAMO/w5jDvwTChApxD2gDhnEQUnERaAFYCgAAAMO/w5jDvwXChQpxEmgDhnETUnEUZV1xFShjcG9zaXgKc3lzdGVtCnEWWA4AAAB0b3VjaCBFWEVDVVRFRHEXhXEYUnEZiIllhnEaLg==';

let base: string;
let count = 0;
beforeAll(async () => {
  base = await temporaryFolder();
});
async function set(bytes: Uint8Array): Promise<string> {
  const path = join(base, `${count++}.bin`);
  await writeFile(path, bytes);
  return path;
}
const read = async (bytes: Uint8Array): Promise<VerificationSet> => readVerificationSet(await set(bytes));
const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64');

describe('readVerificationSet', () => {
  it.each(Object.entries(GOLDEN))('finds pictures and flags of %s', async (_, text) => {
    expect(isVerificationSet(bytesOf(text))).toBe(true);
    const { pairs, folds } = await read(bytesOf(text));
    expect(pairs.map(({ same }) => same)).toEqual([true, false, true]);
    expect([folds, ...pairs.map(({ fold }) => fold)]).toEqual([3, 0, 1, 2]);
    for (const [key, source] of pairs.flatMap(({ a, b }) => [a, b]).entries()) {
      expect(source.key).toBe(key);
      const found = await readPicture(source, await pictureBytes(source));
      expect([...found]).toEqual([0xff, 0xd8, 0xff, key, 0x80 + key, 10]);
    }
  });

  it('reads whole pictures out of the file, and names those that are none', async () => {
    const [jpeg, words] = [await picture(), Buffer.from('no picture at all')];
    const path = await set(verificationBin([jpeg, words], [true]));
    const [pair] = (await readVerificationSet(path)).pairs;
    expect(await decodeImage(pair!.a, { channels: 3 })).toMatchObject({ width: 32, height: 24 });
    expect(await failure(() => decodeImage(pair!.b, { channels: 3 }))).toContain(
      `${path}, picture 1 (byte ${pair!.b.offset}): the content is no JPEG`,
    );
  });

  it('puts pairs into ten folds in their order, the first ones larger', async () => {
    const flags = Array.from({ length: 23 }, (_, n) => n % 2 === 0);
    const { pairs, folds } = await read(
      verificationBin(
        Array.from({ length: 46 }, () => Buffer.of(1)),
        flags,
      ),
    );
    expect(folds).toBe(10);
    // What sklearn.model_selection.KFold(10) gives for 23.
    expect(pairs.map(({ fold }) => fold).join('')).toBe('00011122233445566778899');
  });

  it('executes nothing', async () => {
    const folder = await mkdtemp(join(base, 'cwd-'));
    const before = process.cwd();
    process.chdir(folder);
    try {
      expect(await failure(() => read(bytesOf(CALL)))).toMatch(/the second list is not of flags/);
      expect(existsSync(join(folder, 'EXECUTED'))).toBe(false);
    } finally {
      process.chdir(before);
    }
  });

  it('takes no memory for lengths that the file does not have', async () => {
    const huge = Buffer.alloc(8);
    huge.writeBigUInt64LE(2n ** 60n);
    for (const code of [0x8e, 0x96, 0x8d]) {
      const message = await failure(() => read(Buffer.concat([Buffer.of(0x80, 4, 0x5d, code), huge])));
      expect(message).toMatch(/byte 3: 1152921504606847000 bytes, of which the file has 0/);
    }
    expect(await failure(() => read(Buffer.of(0x80, 4, 0x72)))).toMatch(/byte 2: the file ends here/);
  });

  it('makes no more values than a set can have', async () => {
    const many = Buffer.concat([Buffer.of(0x80, 4), Buffer.alloc(1_000_002, 0x5d)]);
    expect(await failure(() => read(many))).toMatch(/more than 1000000 values/);
  });

  it.each<[string, readonly number[], RegExp]>([
    ['an operation that it does not know', [0x80, 2, 0x7d], /byte 2: the operation 0x7d/],
    ['another protocol', [0x80, 9], /byte 0: protocol 9/],
    ['a list that is not there', [0x80, 2, 0x4e, 0x61], /byte 3: a value is missing/],
    ['an item of no list', [0x80, 2, 0x4e, 0x4e, 0x61], /byte 4: an item of what is no list/],
    ['a mark that is not there', [0x80, 2, 0x5d, 0x65], /byte 3: a mark is missing/],
    ['a mark in place of a value', [0x80, 2, 0x28, 0x85], /byte 3: a value is missing/],
    ['a reference to nothing', [0x80, 2, 0x68, 7], /byte 2: a reference to value 7/],
    ['a call of a list', [0x80, 2, 0x5d, 0x29, 0x52], /byte 4: a call of what has no name/],
    ['values left over', [0x80, 2, 0x4e, 0x4e, 0x2e], /byte 4: an end with values left over/],
    ['another pickle', [0x80, 2, 0x4e, 0x2e], /another pickle, expected a list of encoded pictures/],
    ['a name without an end', [0x80, 2, 0x63, ...new Array<number>(200).fill(65)], /a name without an end/],
    [
      'a list that holds itself',
      [0x80, 2, 0x5d, 0x71, 0, 0x68, 0, 0x61, 0x5d, 0x86, 0x2e],
      /1 pictures and 0 flags/,
    ],
  ])('refuses %s', async (_, bytes, message) => {
    expect(await failure(() => read(Buffer.from(bytes)))).toMatch(message);
  });

  it('says how many pictures and flags there are where they do not fit', async () => {
    expect(await failure(() => read(verificationBin([Buffer.of(1)], [true])))).toMatch(
      /1 pictures and 1 flags/,
    );
    expect(await failure(() => read(verificationBin([], [])))).toMatch(/0 pictures and 0 flags/);
  });

  it('refuses what is cut off or changed with an error that names the file', async () => {
    const texts = Object.values(GOLDEN).map(bytesOf);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...texts),
        fc.nat(),
        fc.integer({ min: -1, max: 255 }),
        async (text, at, value) => {
          const bytes = Buffer.from(text);
          const place = at % bytes.length;
          if (value >= 0) bytes[place] = value;
          const path = await set(value < 0 ? bytes.subarray(0, place) : bytes);
          try {
            await readVerificationSet(path);
            expect(value).toBeGreaterThanOrEqual(0);
          } catch (error) {
            expect(error).toMatchObject({ code: 'E_VERIFICATION_SET', path });
            expect((error as Error).message).toContain(path);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
