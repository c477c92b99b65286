import { chmod, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { UnreadableImageError } from '../errors.ts';
import { failure, picture, put, temporaryFolder, withoutPrivileges } from '../testing.ts';
import { decodeFailure, decodeImage, resizeImage } from './decode.ts';

let root: string;
beforeAll(async () => {
  root = await temporaryFolder();
});
const file = (name: string, content: string | Uint8Array): Promise<string> => put(join(root, name), content);

/** Four pixels wide, two high: red, green, blue, white over black. */
const FLAG = Uint8Array.from([
  255,
  0,
  0,
  0,
  255,
  0,
  0,
  0,
  255,
  255,
  255,
  255,
  ...new Array<number>(12).fill(0),
]);
const flag = (): Sharp => sharp(FLAG, { raw: { width: 4, height: 2, channels: 3 } });

describe('decodeImage', () => {
  it('reads PNG to the exact pixels, rows first and channels interleaved', async () => {
    const image = await decodeImage(await file('flag.png', await flag().png().toBuffer()), { channels: 3 });
    expect(image).toMatchObject({ width: 4, height: 2, channels: 3 });
    expect([...image.data]).toEqual([...FLAG]);
  });

  it('goes by the content, not by the name', async () => {
    for (const format of ['jpeg', 'png', 'webp'] as const) {
      const image = await decodeImage(await file(`${format}.bin`, await picture(format)), { channels: 3 });
      expect(image).toMatchObject({ width: 32, height: 24, channels: 3 });
    }
    const lying = await file('really-a-png.jpg', await flag().png().toBuffer());
    expect([...(await decodeImage(lying, { channels: 3 })).data]).toEqual([...FLAG]);
  });

  it('always gives the channels asked for', async () => {
    const variants: Record<string, Buffer> = {
      'grey.jpg': await flag().toColourspace('b-w').jpeg().toBuffer(),
      'grey.png': await flag().toColourspace('b-w').png().toBuffer(),
      'cmyk.jpg': await flag().toColourspace('cmyk').jpeg().toBuffer(),
      'palette.png': await flag().png({ palette: true }).toBuffer(),
      'deep.png': await flag().toColourspace('rgb16').png().toBuffer(),
      'alpha.png': await flag().ensureAlpha(0.5).png().toBuffer(),
      'alpha.webp': await flag().ensureAlpha(0.5).webp({ lossless: true }).toBuffer(),
      'grey-alpha.png': await flag().toColourspace('b-w').ensureAlpha(0.5).png().toBuffer(),
    };
    for (const [name, bytes] of Object.entries(variants)) {
      for (const channels of [1, 3] as const) {
        const image = await decodeImage(await file(name, bytes), { channels });
        expect(image, name).toMatchObject({ width: 4, height: 2, channels });
        expect(image.data.length, name).toBe(8 * channels);
      }
    }
  });

  it('weighs the colours for grey', async () => {
    const { data } = await decodeImage(await file('flag.png', await flag().png().toBuffer()), {
      channels: 1,
    });
    const [red, green, blue, white, black] = data;
    expect([white, black]).toEqual([255, 0]);
    expect(green).toBeGreaterThan(red!);
    expect(red).toBeGreaterThan(blue!);
  });

  it('turns transparent parts black', async () => {
    const clear = sharp({
      create: { width: 2, height: 1, channels: 4, background: { r: 255, g: 255, b: 255, alpha: 0 } },
    });
    const image = await decodeImage(await file('clear.png', await clear.png().toBuffer()), { channels: 3 });
    expect([...image.data]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('applies the EXIF orientation', async () => {
    // Orientation 6: shown after a quarter turn clockwise, so that the top row becomes the right column.
    const turned = await flag().withMetadata({ orientation: 6 }).png().toBuffer();
    const image = await decodeImage(await file('turned.png', turned), { channels: 3 });
    expect(image).toMatchObject({ width: 2, height: 4 });
    expect([...image.data.subarray(3, 6)]).toEqual([255, 0, 0]);
    expect([...image.data.subarray(9, 12)]).toEqual([0, 255, 0]);
  });

  it('resizes without stretching and cuts at the centre', async () => {
    const wide = await file('wide.png', await flag().png().toBuffer());
    const square = await decodeImage(wide, { width: 2, height: 2, channels: 3 });
    expect([...square.data.subarray(0, 6)]).toEqual([0, 255, 0, 0, 0, 255]);
    expect(await decodeImage(wide, { width: 8, channels: 1 })).toMatchObject({ width: 8, height: 4 });
    expect(await decodeImage(wide, { height: 1, channels: 1 })).toMatchObject({ width: 2, height: 1 });
  });

  it.each(['jpeg', 'png', 'webp'] as const)('refuses a truncated %s, wherever it was cut', async (format) => {
    const whole = await picture(format, 64, 64);
    for (const share of [0.2, 0.5, 0.9, 0.99]) {
      const cut = await file(`cut-${share}.${format}`, whole.subarray(0, Math.floor(whole.length * share)));
      const message = await failure(() => decodeImage(cut, { channels: 3 }));
      expect(message).toContain(
        `UnreadableImageError [E_IMAGE]: ${cut}: the picture is truncated or damaged`,
      );
    }
  });

  it('tells what the decoder told, unless that is nothing', () => {
    expect(decodeFailure(new Error('VipsJpeg: premature end of JPEG image\nmore'))).toBe(
      'the picture is truncated or damaged (VipsJpeg: premature end of JPEG image)',
    );
    expect(decodeFailure(new Error('Unknown error'))).toBe('the picture is truncated or damaged');
    expect(decodeFailure('no such profile')).toBe("it can't be decoded (no such profile)");
  });

  it('refuses a JPEG that lacks nothing but its last bytes', async () => {
    const whole = await picture('jpeg', 64, 64);
    const cut = await file('cut-end.jpg', whole.subarray(0, whole.length - 24));
    await expect(decodeImage(cut, { channels: 3 })).rejects.toThrow(UnreadableImageError);
  });

  it('says in one line what is wrong with a file', async () => {
    const text = await file('text.jpg', 'this is not a picture');
    const gif = await file('gif.jpg', 'GIF89a and so on');
    const empty = await file('empty.jpg', '');
    const noise = await file('noise.jpg', Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 4, 5, 6, 7, 8]));
    await mkdir(join(root, 'folder.jpg'));
    const say = (path: string): Promise<string> => failure(() => decodeImage(path, { channels: 3 }));
    const start = (path: string): string => `UnreadableImageError [E_IMAGE]: ${path}: `;
    const end = ', expected a complete JPEG, PNG, WebP, AVIF or BMP picture.';
    expect(await say(text)).toBe(`${start(text)}the content is no JPEG, PNG, WebP, AVIF or BMP${end}`);
    expect(await say(gif)).toBe(
      `${start(gif)}it is a GIF picture, which is not read: convert it to JPEG or PNG${end}`,
    );
    expect(await say(empty)).toBe(`${start(empty)}the file is empty${end}`);
    expect(await say(noise)).toContain(start(noise));
    expect(await say(join(root, 'folder.jpg'))).toContain('it is a folder');
    expect(await say(join(root, 'missing.jpg'))).toContain('there is no such file');
  });

  it('says when permission is denied', async () => {
    const locked = await file('locked.jpg', await picture());
    await chmod(dirname(locked), 0o755);
    await chmod(locked, 0);
    const message = await withoutPrivileges(() => failure(() => decodeImage(locked, { channels: 3 })));
    expect(message).toContain('permission denied');
  });

  it('refuses sizes that are none', async () => {
    expect(await failure(() => decodeImage('x.jpg', { width: 0, channels: 3 }))).toContain(
      '[E_OPTION_RANGE]: width = 0',
    );
    expect(await failure(() => decodeImage('x.jpg', { height: 1.5, channels: 3 }))).toContain('height = 1.5');
  });
});

describe('resizeImage', () => {
  it('keeps the channels, and returns a picture of the right size as it is', async () => {
    const grey = { width: 4, height: 4, channels: 1, data: new Uint8Array(16).fill(90) } as const;
    const half = await resizeImage(grey, 2, 2);
    expect(half).toMatchObject({ width: 2, height: 2, channels: 1 });
    expect([...half.data]).toEqual([90, 90, 90, 90]);
    expect(await resizeImage(grey, 4, 4)).toBe(grey);
    const colour = { width: 4, height: 2, channels: 3, data: FLAG } as const;
    expect(await resizeImage(colour, 2, 1)).toMatchObject({ width: 2, height: 1, channels: 3 });
  });
});
