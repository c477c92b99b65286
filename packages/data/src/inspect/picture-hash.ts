import type { RawImage } from '../image/raw-image.ts';
import { mirrorRows } from '../image/transform.ts';

/** The size of a picture that {@link differenceHash} is of. */
export const HASHED = { width: 9, height: 8, channels: 1 } as const;

/**
 * 64 bits of what a picture looks like: of each of eight rows, whether each of eight pixels is darker than the next one.
 * Pictures of other size, compression or brightness have nearly the same ones.
 *
 * @param image grey, of 9×8 pixels.
 * @see Krawetz, Kind of Like That, 2013.
 */
export function differenceHash({ data }: Pick<RawImage, 'data'>): readonly [high: number, low: number] {
  const halves: [number, number] = [0, 0];
  for (let bit = 0; bit < 64; bit++) {
    const at = Math.floor(bit / 8) * HASHED.width + (bit % 8);
    const half = bit < 32 ? 0 : 1;
    halves[half] = ((halves[half] << 1) | (data[at]! < data[at + 1]! ? 1 : 0)) >>> 0;
  }
  return halves;
}

/** The hash that the mirror image has. */
export function mirroredHash({ data }: Pick<RawImage, 'data'>): ReturnType<typeof differenceHash> {
  return differenceHash({ data: mirrorRows(data, HASHED.width) });
}

/** In how many bits two halves differ. */
export function differentBits(a: number, b: number): number {
  let bits = a ^ b;
  bits -= (bits >>> 1) & 0x55555555;
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/** Bits that hashes of one picture may differ in: one less than there are bands, so that one band is the same. */
export const NEAR_BITS = 3;
const BANDS = 4;

/** Hashes of many pictures, among which near ones are found without comparing all with all. */
export class HashTable {
  /** Two numbers a picture: [2·N]. */
  readonly #halves: Uint32Array;

  /** @param halves of each picture: [2·N]. */
  constructor(halves: Uint32Array) {
    this.#halves = halves;
  }

  /**
   * All pairs of pictures whose hashes differ in at most {@link NEAR_BITS} bits, each once.
   *
   * @param wanted which of them count, a before b in the list; asked before bits are.
   */
  *near(wanted: (a: number, b: number) => boolean): Generator<readonly [a: number, b: number]> {
    const count = this.#halves.length / 2;
    for (let band = 0; band < BANDS; band++) {
      const order = Uint32Array.from({ length: count }, (_, picture) => picture);
      order.sort((a, b) => this.#band(a, band) - this.#band(b, band) || a - b);
      for (let from = 0, to = 0; from < count; from = to) {
        const value = this.#band(order[from]!, band);
        while (to < count && this.#band(order[to]!, band) === value) to++;
        for (let i = from; i < to; i++) {
          for (let j = i + 1; j < to; j++) {
            const [a, b] = [order[i]!, order[j]!];
            if (wanted(a, b) && this.#isNear(a, b) && this.#firstBand(a, b) === band) yield [a, b];
          }
        }
      }
    }
  }

  /** Sixteen bits. */
  #band(picture: number, band: number): number {
    const half = this.#halves[2 * picture + (band >> 1)]!;
    return band % 2 === 0 ? half >>> 16 : half & 0xffff;
  }

  #isNear(a: number, b: number): boolean {
    const high = differentBits(this.#halves[2 * a]!, this.#halves[2 * b]!);
    return high + differentBits(this.#halves[2 * a + 1]!, this.#halves[2 * b + 1]!) <= NEAR_BITS;
  }

  #firstBand(a: number, b: number): number {
    let band = 0;
    while (this.#band(a, band) !== this.#band(b, band)) band++;
    return band;
  }
}
