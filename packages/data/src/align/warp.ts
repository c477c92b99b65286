import type { RawImage } from '../image/raw-image.ts';
import { invertSimilarity, type Similarity, scaleOf } from './similarity.ts';

/** A picture beside its halves, made when they are needed: half i has sides of 2⁻ⁱ. */
export class ImagePyramid {
  readonly #levels: RawImage[];

  constructor(image: RawImage) {
    this.#levels = [image];
  }

  get image(): RawImage {
    return this.#levels[0]!;
  }

  /** The picture halved as many times as it has pixels for; `halvings` is how many times it was. */
  level(halvings: number): { readonly image: RawImage; readonly halvings: number } {
    while (this.#levels.length <= halvings) {
      const last = this.#levels.at(-1)!;
      if (last.width < 2 || last.height < 2) break;
      this.#levels.push(halved(last));
    }
    const reached = Math.min(halvings, this.#levels.length - 1);
    return { image: this.#levels[reached]!, halvings: reached };
  }
}

/** Means of 2×2 pixels; an odd last row or column is left out. */
function halved({ width, height, channels, data }: RawImage): RawImage {
  const [w, h] = [width >> 1, height >> 1];
  const result = new Uint8Array(w * h * channels);
  const row = width * channels;
  let to = 0;
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      let from = 2 * y * row + 2 * x * channels;
      for (let c = 0; c < channels; c++, from++) {
        result[to++] =
          (data[from]! + data[from + channels]! + data[from + row]! + data[from + row + channels]! + 2) >> 2;
      }
    }
  }
  return { width: w, height: h, channels, data: result };
}

/**
 * Moves a picture by a similarity into one of another size, bilinear between pixels; what the picture does not have is
 * black.
 *
 * Where it shrinks, no pixel is passed over: it is halved by means as often as that goes, and each pixel of the result
 * is the mean of 2×2 places in it.
 *
 * @param similarity takes a place in the picture to one in the result
 */
export function warpImage(
  source: RawImage | ImagePyramid,
  similarity: Similarity,
  width: number,
  height: number,
): RawImage {
  const pyramid = source instanceof ImagePyramid ? source : new ImagePyramid(source);
  const shrink = 1 / scaleOf(similarity);
  const { image, halvings } = pyramid.level(Math.max(0, Math.floor(Math.log2(shrink) + 1e-9)));
  const factor = 2 ** -halvings;
  const back = invertSimilarity(similarity);
  // A place x of the picture is (x + ½)·2⁻ⁱ − ½ in its half i.
  const [a, b] = [back.a * factor, back.b * factor];
  const [x0, y0] = [(back.x + 0.5) * factor - 0.5, (back.y + 0.5) * factor - 0.5];
  const offsets = shrink * factor > 1 + 1e-9 ? [-0.25, 0.25] : [0];
  const { channels } = image;
  const data = new Uint8Array(width * height * channels);
  const sum = new Float64Array(channels);
  let to = 0;
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      sum.fill(0);
      for (const dv of offsets) {
        for (const du of offsets) {
          addSample(image, a * (u + du) - b * (v + dv) + x0, b * (u + du) + a * (v + dv) + y0, sum);
        }
      }
      const share = 1 / (offsets.length * offsets.length);
      for (let c = 0; c < channels; c++) data[to++] = Math.round(sum[c]! * share);
    }
  }
  return { width, height, channels, data };
}

/** Adds the colour between four pixels. */
function addSample(
  { width, height, channels, data }: RawImage,
  x: number,
  y: number,
  sum: Float64Array,
): void {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  if (left < -1 || top < -1 || left >= width || top >= height) return;
  const [fx, fy] = [x - left, y - top];
  for (let dy = 0; dy < 2; dy++) {
    const row = top + dy;
    if (row < 0 || row >= height) continue;
    const weightY = dy === 0 ? 1 - fy : fy;
    for (let dx = 0; dx < 2; dx++) {
      const column = left + dx;
      if (column < 0 || column >= width) continue;
      const weight = weightY * (dx === 0 ? 1 - fx : fx);
      const from = (row * width + column) * channels;
      for (let c = 0; c < channels; c++) sum[c]! += weight * data[from + c]!;
    }
  }
}
