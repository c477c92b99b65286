import { OptionOutOfRangeError } from '@cf/core';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { toRawImage } from './decode.ts';
import { pictureSheet } from './picture-sheet.ts';
import type { RawImage } from './raw-image.ts';

const grey = (value: number): RawImage => ({
  width: 2,
  height: 3,
  channels: 3,
  data: new Uint8Array(18).fill(value),
});

test('pictures stand row by row with white between them, and where there is none', async () => {
  const bytes = await pictureSheet([grey(10), undefined, grey(30)], { columns: 2, gap: 1 });
  const { width, height, data } = await toRawImage(sharp(bytes).removeAlpha().greyscale(), 1);
  expect([width, height]).toEqual([7, 9]);
  const rows = Array.from({ length: 9 }, (_, y) => [...data.subarray(7 * y, 7 * (y + 1))]);
  const [white, top, bottom] = [255, 10, 30];
  const line = (value: number): number[] => [white, value, value, white, white, white, white];
  expect(rows[0]).toEqual(line(white));
  expect(rows.slice(1, 4)).toEqual([line(top), line(top), line(top)]);
  expect(rows[4]).toEqual(line(white));
  expect(rows.slice(5, 8)).toEqual([line(bottom), line(bottom), line(bottom)]);
});

test('refuses a sheet without a picture, and one too large to look at', async () => {
  await expect(pictureSheet([undefined], { columns: 1 })).rejects.toThrow(OptionOutOfRangeError);
  await expect(pictureSheet([grey(1)], { columns: 0 })).rejects.toThrow(/columns = 0/);
  await expect(pictureSheet(new Array(2501).fill(grey(1)), { columns: 9 })).rejects.toThrow(
    /pictures = 2501/,
  );
});
