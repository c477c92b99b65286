/** Seed of random cases where no other is asked for: the same commit tries the same cases. */
const SEED = 1;

/** Where the random cases of a law come from, and how many there are. */
export interface Draws {
  readonly seed: number;
  /** By what a law's own number of cases is multiplied. */
  readonly times: number;
}

/**
 * The draws of this run of the tests: the environment's `CF_SEED` and `CF_RUNS`, or the defaults.
 *
 * @throws RangeError for a seed that is no whole number of 32 bits, or a factor that is no positive whole number
 */
export function readDraws({ CF_SEED, CF_RUNS }: NodeJS.ProcessEnv = process.env): Draws {
  const seed = Number(CF_SEED || SEED);
  if (seed !== (seed | 0)) throw new RangeError(`CF_SEED is a whole number of 32 bits, not '${CF_SEED}'`);
  const times = Number(CF_RUNS || 1);
  if (!(Number.isInteger(times) && times > 0)) {
    throw new RangeError(`CF_RUNS is a positive whole number, not '${CF_RUNS}'`);
  }
  return { seed, times };
}
