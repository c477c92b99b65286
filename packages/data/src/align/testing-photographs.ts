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
    const { left, top, right, bottom } = boundsOf(picture, at, width, height);
    const [across, down] = [right - left, bottom - top];
    const shifted = { ...at, x: at.x - left, y: at.y - top };
    const [laid, mask] = [warpImage(picture, shifted, across, down), warpImage(white, shifted, across, down)];
    for (let i = 0; i < laid.data.length; i++) {
      const [x, y] = [i % (3 * across), Math.floor(i / (3 * across))];
      const to = (top + y) * width * 3 + left * 3 + x;
      ground.data[to] = Math.round(laid.data[i]! + (1 - mask.data[i]! / 255) * ground.data[to]!);
    }
  }
  return ground;
}

/** The part of a photograph in which a picture comes to lie. */
function boundsOf(picture: RawImage, at: Similarity, width: number, height: number) {
  const corners = [-1, picture.width].flatMap((x) =>
    [-1, picture.height].map((y) => applySimilarity(at, [x, y])),
  );
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const within = (value: number, most: number): number => Math.min(most, Math.max(0, Math.round(value)));
  return {
    left: within(Math.min(...xs) - 2, width),
    top: within(Math.min(...ys) - 2, height),
    right: within(Math.max(...xs) + 2, width),
    bottom: within(Math.max(...ys) + 2, height),
  };
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
