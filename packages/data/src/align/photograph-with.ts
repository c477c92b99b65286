import { createRandom } from '@cf/core';
import type { RawImage } from '../image/raw-image.ts';
import { applySimilarity, type Similarity } from './similarity.ts';
import { warpImage } from './warp.ts';

/** The similarity that brings the middle of a picture of 112×112 to a place, scaled and turned. */
export function placing(x: number, y: number, scale: number, degrees: number): Similarity {
  const radians = (degrees * Math.PI) / 180;
  const [a, b] = [scale * Math.cos(radians), scale * Math.sin(radians)];
  return { a, b, x: x - 55.5 * (a - b), y: y - 55.5 * (a + b) };
}

/** A photograph with pictures laid into it, on a ground of soft colours: where their faces are is known, to try a detector. */
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
