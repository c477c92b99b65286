/** Red, green and blue, 0 … 255, gamma-encoded (sRGB). */
export type Colour = readonly [number, number, number];

/** `#rrggbb`. */
export function hex(colour: Colour): string {
  return `#${colour.map((value) => clampByte(value).toString(16).padStart(2, '0')).join('')}`;
}

/** From `a` (share 0) to `b` (share 1). */
export function mix(a: Colour, b: Colour, share: number): Colour {
  return [0, 1, 2].map((i) => a[i]! + (b[i]! - a[i]!) * share) as unknown as Colour;
}

/** Towards black for a share under 0, towards white for one over 0; −1 … 1. */
export function shade(colour: Colour, share: number): Colour {
  return share < 0 ? mix(colour, [0, 0, 0], -share) : mix(colour, [255, 255, 255], share);
}

/** The colour at `position` (0 … 1) of a scale of evenly spaced colours. */
export function alongScale(scale: readonly Colour[], position: number): Colour {
  const place = Math.min(Math.max(position, 0), 1) * (scale.length - 1);
  const index = Math.min(Math.floor(place), scale.length - 2);
  return rounded(mix(scale[index]!, scale[index + 1]!, place - index));
}

/** Whole numbers within 0 … 255, so that a colour is the same after JSON. */
export function rounded(colour: Colour): Colour {
  return colour.map(clampByte) as unknown as Colour;
}

function clampByte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}
