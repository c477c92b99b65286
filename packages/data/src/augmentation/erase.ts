import type { ErasedPart } from './draw-augmentation.ts';
import { eachPlane, luma, type Planes } from './planes.ts';

/** Paints a rectangle over (random erasing: Zhong et al. 2020), in one colour. */
export function erase(picture: Planes, { left, top, width, height, colour }: ErasedPart): void {
  const right = Math.round((left + width) * picture.width);
  const bottom = Math.round((top + height) * picture.height);
  const grey = 255 * luma(...colour);
  for (const [c, plane] of eachPlane(picture).entries()) {
    for (let y = Math.round(top * picture.height); y < bottom; y++) {
      const row = y * picture.width;
      plane.fill(
        picture.channels === 1 ? grey : 255 * colour[c]!,
        row + Math.round(left * picture.width),
        row + right,
      );
    }
  }
}
