import { createRandom } from '@cf/core';
import sharp from 'sharp';
import { fromRaw } from '../image/decode.ts';
import type { RawImage } from '../image/raw-image.ts';
import type { FaceLandmarks } from './face.ts';
import { applySimilarity, type Similarity, templateOf } from './similarity.ts';
import { warpImage } from './warp.ts';

/** The similarity that brings the middle of a picture of 112×112 to a place, scaled and turned. */
export function placing(x: number, y: number, scale: number, degrees: number): Similarity {
  const radians = (degrees * Math.PI) / 180;
  const [a, b] = [scale * Math.cos(radians), scale * Math.sin(radians)];
  return { a, b, x: x - 55.5 * (a - b), y: y - 55.5 * (a + b) };
}

/** A photograph with pictures laid into it, on a ground of soft colours. */
export function photographWith(
  pictures: readonly { readonly picture: RawImage; readonly at: Similarity }[],
  width: number,
  height: number,
  seed: number,
): RawImage {
  const random = createRandom(seed);
  const blots = Uint8Array.from({ length: 8 * 8 * 3 }, () => random.integer(30, 200));
  const spread: Similarity = { a: Math.max(width, height) / 7, b: 0, x: 0, y: 0 };
  const ground = warpImage({ width: 8, height: 8, channels: 3, data: blots }, spread, width, height);
  for (const { picture, at } of pictures) {
    const white = { ...picture, data: new Uint8Array(picture.data.length).fill(255) };
    const [laid, mask] = [warpImage(picture, at, width, height), warpImage(white, at, width, height)];
    for (let i = 0; i < ground.data.length; i++) {
      const share = mask.data[i]! / 255;
      ground.data[i] = Math.round(laid.data[i]! + (1 - share) * ground.data[i]!);
    }
  }
  return ground;
}

/** Where the landmarks of an aligned picture come to lie. */
export function landmarksAt(at: Similarity, shift = 0): FaceLandmarks {
  return templateOf(112).map(([x, y]) => applySimilarity(at, [x + shift, y])) as unknown as FaceLandmarks;
}

/** Bytes of a picture as a camera writes it: turned, with the EXIF orientation that turns it back. */
export async function asCamera(
  image: RawImage,
  orientation: number,
  format: 'jpeg' | 'png' = 'png',
): Promise<Buffer> {
  // What undoes each orientation.
  const undo: Readonly<Record<number, readonly [flop: boolean, degrees: number]>> = {
    1: [false, 0],
    2: [true, 0],
    3: [false, 180],
    4: [true, 180],
    5: [true, 270],
    6: [false, 270],
    7: [true, 90],
    8: [false, 90],
  };
  const [flop, degrees] = undo[orientation]!;
  const flopped = await fromRaw(image).flop(flop).png().toBuffer();
  const pipeline = sharp(flopped).rotate(degrees).withMetadata({ orientation });
  return (format === 'png' ? pipeline.png() : pipeline.jpeg({ quality: 95 })).toBuffer();
}
