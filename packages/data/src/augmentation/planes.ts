/** One picture of a batch: planes of numbers, 0 … 255, changed in place. */
export interface Planes {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  /** `[C, H, W]`. */
  readonly values: Float32Array;
}

/** The planes of a picture. */
export function eachPlane({ channels, height, width, values }: Planes): readonly Float32Array[] {
  const plane = height * width;
  return Array.from({ length: channels }, (_, c) => values.subarray(c * plane, (c + 1) * plane));
}

/** Rec. 601 luma of red, green and blue. */
export function luma(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}
