import sharp from 'sharp';
import { fromRaw, toRawImage } from '../image/decode.ts';
import { toPlanes } from '../image/transform.ts';
import { changeColours, withoutColour } from './change-colours.ts';
import type { Augmentation } from './draw-augmentation.ts';
import { erase } from './erase.ts';
import { blur, downAndUp } from './lose-detail.ts';
import { placePicture } from './place-picture.ts';
import type { Planes } from './planes.ts';

/**
 * Writes a picture, changed as it was drawn, into its place of a batch.
 *
 * @param pixels - `[C, H, W]`, 0 … 255.
 * @param into - all of it is overwritten, with numbers from 0 to 255, between integers too.
 */
export async function augmentPicture(
  pixels: Uint8Array,
  augmentation: Augmentation,
  into: Planes,
): Promise<void> {
  const { colour, grey, blur: sigma, resample, jpeg, erase: rectangle } = augmentation;
  placePicture(pixels, augmentation, into);
  if (colour !== undefined) changeColours(into, colour);
  if (grey) withoutColour(into);
  if (sigma !== undefined) blur(into, sigma * into.width);
  if (resample !== undefined) downAndUp(into, resample);
  if (jpeg !== undefined) await compress(into, jpeg);
  if (rectangle !== undefined) erase(into, rectangle);
}

async function compress(picture: Planes, quality: number): Promise<void> {
  const { channels, height, width, values } = picture;
  const plane = height * width;
  const data = new Uint8Array(values.length);
  for (let c = 0; c < channels; c++) {
    for (let p = 0; p < plane; p++) data[p * channels + c] = Math.round(values[c * plane + p]!);
  }
  const bytes = await fromRaw({ width, height, channels, data }).jpeg({ quality }).toBuffer();
  toPlanes(
    await toRawImage(sharp(bytes).toColourspace(channels === 1 ? 'b-w' : 'srgb'), channels),
    values,
    0,
  );
}
