import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { fromRaw } from '../image/decode.ts';
import { sampleIdentity } from '../synthetic/identity.ts';
import { sampleNuisance } from '../synthetic/nuisance.ts';
import { renderFace } from '../synthetic/render-face.ts';
import { put, temporaryFolder } from '../testing.ts';
import { inspectPictures } from './inspect-pictures.ts';
import { differenceHash, differentBits, HashTable, NEAR_BITS } from './picture-hash.ts';

const face = async (identity: number, image: number): Promise<Buffer> =>
  fromRaw(await renderFace(sampleIdentity(1, identity), sampleNuisance(1, identity, image)))
    .png()
    .toBuffer();

describe('inspectPictures', () => {
  it('counts sizes and formats, names what is broken, and finds what two people have', async () => {
    const base = await temporaryFolder();
    const at = (...parts: string[]): string => join(base, ...parts);
    const same = await face(0, 0);
    const small = await sharp(same).resize(64).jpeg({ quality: 80 }).modulate({ brightness: 1.1 }).toBuffer();
    const people = [
      {
        name: 'Ada',
        files: [at('Ada', '1.png'), at('Ada', '2.png'), at('Ada', '3.png'), at('Ada', '4.jpg')],
      },
      { name: 'Bob', files: ['1.png', '2.png', 'cut.png', '3.png'].map((name) => at('Bob', name)) },
      { name: 'Cid', files: ['1.jpg', '2.png', '3.jpg'].map((name) => at('Cid', name)) },
    ];
    await put(at('Ada', '1.png'), same);
    await put(at('Ada', '2.png'), await face(0, 1));
    await put(at('Ada', '3.png'), same);
    // Of one person pictures may look alike.
    await put(at('Ada', '4.jpg'), await sharp(same).jpeg({ quality: 60 }).toBuffer());
    await put(at('Bob', '1.png'), await face(1, 0));
    await put(at('Bob', '2.png'), same);
    await put(at('Bob', 'cut.png'), same.subarray(0, same.length / 2));
    await put(at('Cid', '1.jpg'), small);
    await put(
      at('Cid', '2.png'),
      await sharp(await face(0, 1))
        .flop()
        .jpeg({ quality: 80 })
        .toBuffer(),
    );
    // Its own mirror image: what it shares is told once.
    const half = await sharp(await face(5, 0))
      .extract({ left: 0, top: 0, width: 56, height: 112 })
      .toBuffer();
    const [left, right] = [half, await sharp(half).flop().toBuffer()];
    const symmetric = sharp({
      create: { width: 112, height: 112, channels: 3, background: 'black' },
    }).composite([
      { input: left, left: 0, top: 0 },
      { input: right, left: 56, top: 0 },
    ]);
    await put(at('Bob', '3.png'), await symmetric.png().toBuffer());
    await put(at('Cid', '3.jpg'), await symmetric.jpeg().toBuffer());
    const seen: number[] = [];
    const found = await inspectPictures(people, { onProgress: (done) => seen.push(done) });
    expect(found).toMatchObject({
      identities: 3,
      pictures: 11,
      perIdentity: [4, 4, 3],
      sizes: [
        { width: 112, height: 112, pictures: 9 },
        { width: 64, height: 64, pictures: 1 },
      ],
      formats: { png: 6, jpeg: 4 },
      repeated: 1,
      moreShared: false,
    });
    expect(found.problems.map(({ path }) => path)).toEqual([at('Bob', 'cut.png')]);
    expect(found.shared.map(({ kind, mirrored, a, b }) => [kind, mirrored, a.picture, b.picture])).toEqual([
      ['same bytes', undefined, at('Ada', '1.png'), at('Bob', '2.png')],
      ['nearly the same', undefined, at('Ada', '1.png'), at('Cid', '1.jpg')],
      ['nearly the same', undefined, at('Ada', '4.jpg'), at('Cid', '1.jpg')],
      ['nearly the same', undefined, at('Bob', '3.png'), at('Cid', '3.jpg')],
      ['nearly the same', true, at('Ada', '2.png'), at('Cid', '2.png')],
    ]);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('stops when it is told to', async () => {
    const base = await temporaryFolder();
    await writeFile(join(base, '1.png'), await face(0, 0));
    const stopped = inspectPictures([{ name: 'A', files: [join(base, '1.png')] }], {
      signal: AbortSignal.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
  });
});

describe('hashes of pictures', () => {
  const halves = fc.array(fc.tuple(fc.nat(15), fc.integer({ min: 0, max: 2 ** 32 - 1 })), { maxLength: 40 });

  it('that are near are all found, each pair once', () => {
    fc.assert(
      fc.property(halves, fc.infiniteStream(fc.nat(63)), (seeds, flips) => {
        // A few hashes, and others that differ from them in up to five bits.
        const table = new Uint32Array(2 * seeds.length);
        for (const [at, [other, value]] of seeds.entries()) {
          const from = other % (at + 1);
          const copy = at > 0 && from < at ? [table[2 * from]!, table[2 * from + 1]!] : [value, ~value >>> 0];
          for (let n = 0; n < value % 6; n++) {
            const bit = flips.next().value as number;
            copy[bit >> 5] = (copy[bit >> 5]! ^ (1 << (bit & 31))) >>> 0;
          }
          table.set(copy, 2 * at);
        }
        const distance = (a: number, b: number): number =>
          differentBits(table[2 * a]!, table[2 * b]!) + differentBits(table[2 * a + 1]!, table[2 * b + 1]!);
        const all: string[] = [];
        for (let a = 0; a < seeds.length; a++)
          for (let b = a + 1; b < seeds.length; b++) if (distance(a, b) <= NEAR_BITS) all.push(`${a} ${b}`);
        const near = [...new HashTable(table).near(() => true)].map(
          ([a, b]) => `${Math.min(a, b)} ${Math.max(a, b)}`,
        );
        expect(near.sort()).toEqual(all.sort());
      }),
    );
  });

  it('count bits as they are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        (a, b) => {
          expect(differentBits(a, b)).toBe(
            [...((a ^ b) >>> 0).toString(2)].filter((bit) => bit === '1').length,
          );
        },
      ),
    );
  });

  it('tell where a row becomes brighter', () => {
    const data = new Uint8Array(72);
    expect(differenceHash({ data })).toEqual([0, 0]);
    data[1] = 9;
    data[71] = 1;
    expect(differenceHash({ data })).toEqual([0x80000000, 1]);
  });
});
