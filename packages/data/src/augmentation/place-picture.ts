import type { Augmentation } from './draw-augmentation.ts';
import type { Planes } from './planes.ts';

/**
 * Mirrors, moves and enlarges a picture into place. What moves into view repeats the nearest pixel of the picture's edge,
 * so that no frame of another brightness betrays the shift; between pixels colours are mixed (bilinear).
 */
export function placePicture(
  pixels: Uint8Array,
  augmentation: Pick<Augmentation, 'flip' | 'right' | 'down' | 'window'>,
  { channels, height, width, values }: Planes,
): void {
  const { flip, right, down, window } = augmentation;
  const plane = height * width;
  if (window !== undefined) {
    const columns = mixedPlaces(width, { first: window.left, side: window.side, moved: right, flip });
    const rows = mixedPlaces(height, { first: window.top, side: window.side, moved: down, flip: false });
    for (let c = 0; c < channels; c++)
      enlarge(pixels.subarray(c * plane), columns, rows, values.subarray(c * plane));
    return;
  }
  const columns = Int32Array.from({ length: width }, (_, x) => {
    const column = clamp(x - right, width);
    return flip ? width - 1 - column : column;
  });
  for (let c = 0, to = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const row = c * plane + clamp(y - down, height) * width;
      for (let x = 0; x < width; x++) values[to++] = pixels[row + columns[x]!]!;
    }
  }
}

/** Of each place along one axis, the two pixels that it lies between, and how much of the second it is. */
interface MixedPlaces {
  readonly before: Int32Array;
  readonly after: Int32Array;
  readonly share: Float64Array;
}

interface Axis {
  /** Start and length of the window, as shares of the axis. */
  readonly first: number;
  readonly side: number;
  /** Pixels that the picture was moved by before. */
  readonly moved: number;
  readonly flip: boolean;
}

function mixedPlaces(size: number, { first, side, moved, flip }: Axis): MixedPlaces {
  const [before, after, share] = [new Int32Array(size), new Int32Array(size), new Float64Array(size)];
  for (let x = 0; x < size; x++) {
    const at = clamp(first * size + (x + 0.5) * side - 0.5 - moved, size);
    const place = flip ? size - 1 - at : at;
    before[x] = Math.floor(place);
    after[x] = Math.min(size - 1, before[x]! + 1);
    share[x] = place - before[x]!;
  }
  return { before, after, share };
}

function enlarge(from: Uint8Array, columns: MixedPlaces, rows: MixedPlaces, to: Float32Array): void {
  const width = columns.before.length;
  for (let y = 0, at = 0; y < rows.before.length; y++) {
    const [upper, lower, down] = [rows.before[y]! * width, rows.after[y]! * width, rows.share[y]!];
    for (let x = 0; x < width; x++, at++) {
      const [left, right, share] = [columns.before[x]!, columns.after[x]!, columns.share[x]!];
      const top = from[upper + left]! * (1 - share) + from[upper + right]! * share;
      const bottom = from[lower + left]! * (1 - share) + from[lower + right]! * share;
      to[at] = top * (1 - down) + bottom * down;
    }
  }
}

function clamp(position: number, size: number): number {
  return Math.min(size - 1, Math.max(0, position));
}
