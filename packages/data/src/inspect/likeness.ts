import { meanOf } from '@cf/core';
import { decodeImage } from '../image/decode.ts';
import { mirrorRows } from '../image/transform.ts';
import type { PictureSource } from '../source/picture-source.ts';

const COMPARED = { width: 32, height: 32, channels: 1 } as const;

/**
 * Correlation of the grey values of two pictures at 32×32 pixels, −1 to 1; 0 where one of them is of one grey.
 *
 * @param isMirrored compare with the mirror image of `b`
 */
export async function likeness(
  a: PictureSource,
  b: PictureSource,
  isMirrored: boolean = false,
): Promise<number> {
  const [x, y] = [await decodeImage(a, COMPARED), await decodeImage(b, COMPARED)];
  return correlation(x.data, isMirrored ? mirrorRows(y.data, COMPARED.width) : y.data);
}

function correlation(x: Uint8Array, y: Uint8Array): number {
  const [mx, my] = [meanOf(x), meanOf(y)];
  let [xx, yy, xy] = [0, 0, 0];
  for (const [at, value] of x.entries()) {
    const [dx, dy] = [value - mx, y[at]! - my];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy);
}
