import { requireInteger } from '../errors/check-options.ts';
import { OptionOutOfRangeError } from '../errors/errors.ts';
import { hash128 } from './hash128.ts';
import { uniformBelow, uniformDouble, xoroshiro128plus } from './xoroshiro.ts';

/** A seeded stream of random numbers; the same seed gives the same numbers on every machine. */
export interface Random {
  /** A number in [low, high), by default [0, 1). */
  uniform(low?: number, high?: number): number;
  /** An integer in [low, high), every one equally likely; high − low ≤ 2³². */
  integer(low: number, high: number): number;
  /** A draw from the normal distribution (Marsaglia's polar method). */
  normal(mean?: number, standardDeviation?: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of the items, every one equally likely. */
  pick<Item>(items: readonly Item[]): Item;
  /** Shuffles in place (Fisher–Yates) and returns what it was given. */
  shuffle<List extends ShuffleList>(list: List): List;
  /**
   * An independent stream for `key`.
   *
   * It depends on the seed and on the keys that led here, never on how many numbers were drawn before.
   */
  fork(key: string | number): Random;
}

/** What {@link Random.shuffle} can shuffle. */
export type ShuffleList = unknown[] | Uint32Array | Int32Array | Float32Array | Float64Array;

/**
 * Starts a stream of random numbers.
 *
 * The generator is xoroshiro128+ with all 128 bits of its state hashed from the seed, so that streams of
 * different seeds or forks do not collide.
 *
 * @param seed - any safe integer or any text; `1` and `'1'` are the same seed.
 * @throws OptionOutOfRangeError when the seed is a number but not a safe integer.
 */
export function createRandom(seed: number | string): Random {
  return randomAt(keyText('seed', seed));
}

function randomAt(path: string): Random {
  const bits = xoroshiro128plus(hash128(path));
  // The polar method makes two draws at once; the second waits here.
  let spare: number | undefined;

  const random: Random = {
    uniform(low = 0, high = 1) {
      return low + (high - low) * uniformDouble(bits);
    },
    integer(low, high) {
      requireInteger('low', low, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
      requireInteger('high', high, low + 1, low + 2 ** 32);
      return low + uniformBelow(bits, high - low);
    },
    normal(mean = 0, standardDeviation = 1) {
      if (spare !== undefined) {
        const draw = spare;
        spare = undefined;
        return mean + standardDeviation * draw;
      }
      for (;;) {
        const u = 2 * uniformDouble(bits) - 1;
        const v = 2 * uniformDouble(bits) - 1;
        const square = u * u + v * v;
        if (square >= 1 || square === 0) continue;
        const factor = Math.sqrt((-2 * Math.log(square)) / square);
        spare = v * factor;
        return mean + standardDeviation * u * factor;
      }
    },
    chance(probability) {
      return uniformDouble(bits) < probability;
    },
    pick(items) {
      return items[random.integer(0, items.length)]!;
    },
    shuffle(list) {
      for (let last = list.length - 1; last > 0; last--) {
        const other = uniformBelow(bits, last + 1);
        const held = list[last]!;
        list[last] = list[other]!;
        list[other] = held;
      }
      return list;
    },
    fork(key) {
      return randomAt(`${path}${keyText('key', key)}`);
    },
  };
  return random;
}

/** Length first, so that no two lists of keys join to the same text. */
function keyText(option: string, key: string | number): string {
  if (typeof key === 'number' && !Number.isSafeInteger(key)) {
    throw new OptionOutOfRangeError(
      option,
      key,
      'a safe integer or a text',
      'pass a whole number as the seed.',
    );
  }
  const text = String(key);
  return `${text.length}:${text}`;
}
