import type { Augmentation } from './draw-augmentation.ts';
import { eachPlane, luma, type Planes } from './planes.ts';

/** Brightness first, then contrast about the mean luma, then saturation about each pixel's luma; then back into 0 … 255. */
export function changeColours(
  picture: Planes,
  { brightness, contrast, saturation }: NonNullable<Augmentation['colour']>,
): void {
  const planes = eachPlane(picture);
  const [red, green = red, blue = red] = planes as [Float32Array, ...Float32Array[]];
  let mean = 0;
  for (let p = 0; p < red.length; p++) mean += luma(red[p]!, green[p]!, blue[p]!);
  mean *= brightness / red.length;
  for (let p = 0; p < red.length; p++) {
    const own = mean + contrast * (brightness * luma(red[p]!, green[p]!, blue[p]!) - mean);
    for (const plane of planes) {
      const value = mean + contrast * (brightness * plane[p]! - mean);
      plane[p] = Math.min(255, Math.max(0, own + saturation * (value - own)));
    }
  }
}

/** Every channel becomes the luma. */
export function withoutColour(picture: Planes): void {
  if (picture.channels === 1) return;
  const [red, green, blue] = eachPlane(picture) as [Float32Array, Float32Array, Float32Array];
  for (let p = 0; p < red.length; p++) {
    const grey = luma(red[p]!, green[p]!, blue[p]!);
    red[p] = grey;
    green[p] = grey;
    blue[p] = grey;
  }
}
