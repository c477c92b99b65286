import { OptionOutOfRangeError } from '@cf/core';
import type { RawImage } from '../image/raw-image.ts';
import { toPlanes } from '../image/transform.ts';
import { changeColours, withoutColour } from './change-colours.ts';
import type { Augmentation } from './draw-augmentation.ts';
import { erase } from './erase.ts';
import { blur, downAndUp } from './lose-detail.ts';
import { placePicture } from './place-picture.ts';
import type { Planes } from './planes.ts';

/** A picture as it comes back from a JPEG of a quality, 1 … 100: `recompressJpeg` of `@cf/data/node`, or a canvas. */
export type Recompress = (image: RawImage, quality: number) => Promise<RawImage>;

/**
 * Writes a picture, changed as it was drawn, into its place of a batch.
 *
 * @param pixels - `[C, H, W]`, 0 … 255.
 * @param into - all of it is overwritten, with numbers from 0 to 255, between integers too.
 * @param recompress - who writes and reads JPEGs, where one was drawn.
 * @throws OptionOutOfRangeError where one was drawn and nobody does.
 */
export async function augmentPicture(
  pixels: Uint8Array,
  augmentation: Augmentation,
  into: Planes,
  recompress?: Recompress,
): Promise<void> {
  const { colour, grey, blur: sigma, resample, jpeg, erase: rectangle } = augmentation;
  placePicture(pixels, augmentation, into);
  if (colour !== undefined) changeColours(into, colour);
  if (grey) withoutColour(into);
  if (sigma !== undefined) blur(into, sigma * into.width);
  if (resample !== undefined) downAndUp(into, resample);
  if (jpeg !== undefined) await compress(into, jpeg, recompress);
  if (rectangle !== undefined) erase(into, rectangle);
}

async function compress(picture: Planes, quality: number, recompress?: Recompress): Promise<void> {
  if (recompress === undefined) {
    throw new OptionOutOfRangeError(
      'jpeg',
      quality,
      'recompress, which writes and reads JPEGs',
      "pass recompressJpeg of '@cf/data/node', in a page what a canvas does, or leave jpeg out of the options.",
    );
  }
  const { channels, height, width, values } = picture;
  const plane = height * width;
  const data = new Uint8Array(values.length);
  for (let c = 0; c < channels; c++) {
    for (let p = 0; p < plane; p++) data[p * channels + c] = Math.round(values[c * plane + p]!);
  }
  toPlanes(await recompress({ width, height, channels, data }, quality), values, 0);
}
