import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure, picture, temporaryFolder } from '../testing.ts';
import { decodeImage } from './decode.ts';
import { imageFormat, notAnImage } from './signature.ts';

let base: string;
beforeAll(async () => {
  base = await temporaryFolder();
});
async function file(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(join(base, name), bytes);
  return join(base, name);
}

/** Red, green, blue above white, black, grey. */
const PIXELS = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 128, 128, 128];

/** A BMP of these 3×2 pixels, row by row as the format has them. */
function bmp(bits: 1 | 4 | 8 | 24 | 32, { topDown = false, header = 40, compression = 0 } = {}): Buffer {
  const rowBytes = Math.ceil((3 * bits) / 32) * 4;
  const palette = bits <= 8 ? 2 ** bits : 0;
  const out = Buffer.alloc(14 + header + 4 * palette + 2 * rowBytes);
  out.write('BM');
  out.writeUInt32LE(out.length, 2);
  out.writeUInt32LE(14 + header + 4 * palette, 10);
  out.writeUInt32LE(header, 14);
  out.writeInt32LE(3, 18);
  out.writeInt32LE(topDown ? -2 : 2, 22);
  out.writeUInt16LE(1, 26);
  out.writeUInt16LE(bits, 28);
  out.writeUInt32LE(compression, 30);
  for (let n = 0; n < 6; n++) {
    const [red, green, blue] = PIXELS.slice(3 * n, 3 * n + 3);
    const y = Math.floor(n / 3);
    const row = 14 + header + 4 * palette + rowBytes * (topDown ? y : 1 - y);
    const entry = n % palette;
    const at = palette > 0 ? 14 + header + 4 * entry : row + ((n % 3) * bits) / 8;
    out.set([blue!, green!, red!], at);
    if (palette > 0) {
      const place = row + Math.floor(((n % 3) * bits) / 8);
      out[place]! |= entry << (8 - bits - (((n % 3) * bits) % 8));
    }
  }
  return out;
}

describe('formats', () => {
  it.each([8, 24, 32, 4] as const)('BMP of %i bits is read, from below or from above', async (bits) => {
    for (const topDown of [false, true]) {
      for (const header of [40, 124]) {
        const image = await decodeImage(await file('x.bmp', bmp(bits, { topDown, header })), { channels: 3 });
        expect(image).toMatchObject({ width: 3, height: 2 });
        expect([...image.data]).toEqual(PIXELS);
      }
    }
    const small = await decodeImage(join(base, 'x.bmp'), { width: 1, height: 1, channels: 1 });
    expect(small.data.length).toBe(1);
  });

  it('BMP of one bit is read', async () => {
    const image = await decodeImage(await file('one.bmp', bmp(1)), { channels: 3 });
    expect([...image.data.subarray(0, 3)]).toEqual([...image.data.subarray(6, 9)]);
  });

  it('BMP of other kinds, cut off or claiming more than it has is named', async () => {
    const say = async (bytes: Buffer): Promise<string> => {
      const path = await file('bad.bmp', bytes);
      return failure(() => decodeImage(path, { channels: 3 }));
    };
    expect(await say(bmp(8, { compression: 1 }))).toMatch(
      /bad\.bmp: .*a BMP of 8 bits and compression 1; save it as PNG/,
    );
    const old = bmp(24);
    old.writeUInt32LE(12, 14);
    expect(await say(old)).toMatch(/bad\.bmp: .*a BMP of OS\/2/);
    expect(await say(bmp(24).subarray(0, 70))).toMatch(/bad\.bmp: .*the BMP is truncated/);
    expect(await say(bmp(24).subarray(0, 40))).toMatch(/bad\.bmp: .*the BMP header is truncated/);
    const huge = bmp(24);
    huge.writeInt32LE(2 ** 30, 18);
    expect(await say(huge)).toMatch(/bad\.bmp: .*the BMP is truncated/);
    const none = bmp(24);
    none.writeInt32LE(0, 22);
    expect(await say(none)).toMatch(/a BMP without pixels/);
  });

  it('that are changed somewhere are decoded, or refused by name', async () => {
    const picturesOf = [
      picture('jpeg'),
      picture('png'),
      picture('webp'),
      sharp(await picture('png'))
        .avif()
        .toBuffer(),
    ];
    const wholes = [...(await Promise.all(picturesOf)), bmp(8), bmp(24)];
    const path = join(base, 'changed');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...wholes),
        fc.nat(200),
        fc.uint8Array({ minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (whole, at, other, cut) => {
          const bytes = Buffer.from(whole);
          const place = at % bytes.length;
          if (!cut) bytes.set(other.subarray(0, bytes.length - place), place);
          await writeFile(path, cut ? bytes.subarray(0, place) : bytes);
          const decoded = decodeImage(path, { width: 8, height: 8, channels: 3 });
          const image = await decoded.catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'E_IMAGE', path });
          });
          if (image !== undefined) expect(image.data).toHaveLength(8 * 8 * 3);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('AVIF and WebP are read, and told by their content', async () => {
    for (const format of ['avif', 'webp'] as const) {
      const bytes = await sharp(await picture('png'))
        [format]()
        .toBuffer();
      expect(imageFormat(bytes)).toBe(format);
      const image = await decodeImage(await file(`${format}.jpg`, bytes), { channels: 3 });
      expect(image).toMatchObject({ width: 32, height: 24 });
      if (format === 'avif') {
        const huge = Buffer.from(bytes);
        huge.writeUInt32BE(2 ** 31 - 1, huge.indexOf('ispe') + 8);
        const path = await file('huge.avif', huge);
        expect(await failure(() => decodeImage(path, { channels: 3 }))).toMatch(
          /huge\.avif: its 2147483647×24 pixels/,
        );
      }
      const cut = await file(`cut.${format}`, bytes.subarray(0, bytes.length / 2));
      expect(await failure(() => decodeImage(cut, { channels: 3 }))).toContain(`${cut}: `);
    }
  });

  it('that are not read are named', () => {
    const text = (bytes: string): string => notAnImage(Buffer.from(bytes, 'latin1'));
    const box = (brand: string): string => `\0\0\0\x18ftyp${brand}\0\0\0\0mif1heic`;
    for (const bytes of [
      'GIF89a',
      'II*\0',
      'MM\0*',
      '\xff\x0a',
      '\0\0\0\x0cJXL ',
      '\0\0\0\x0cjP  ',
      '8BPS',
      '%PDF-1.7',
      '<svg xmlns="http://www.w3.org/2000/svg">',
      '<?xml version="1.0"?>\n<svg width="9">',
      box('heic'),
      box('mif1'),
    ])
      expect(text(bytes), bytes).toMatch(/^it is a .+, which is not read: convert it to JPEG or PNG$/);
    expect(text(box('heic'))).toContain('HEIC');
    expect(text('hello')).toBe('the content is no JPEG, PNG, WebP, AVIF or BMP');
    expect(imageFormat(Buffer.from('\0\0\0\x1cftypmif1\0\0\0\0mif1avif', 'latin1'))).toBe('avif');
    expect(imageFormat(Buffer.from('BM is how this text begins, and no picture is'))).toBeUndefined();
    for (const short of ['', 'B', 'BM', 'RIFF', '\0\0\0\x18ftyp'])
      expect(imageFormat(Buffer.from(short))).toBeUndefined();
  });
});
