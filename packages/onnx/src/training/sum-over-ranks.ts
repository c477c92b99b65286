import type { Communicator } from '@cf/core';

/** Numbers that go in one call, unless one array has more. */
const BUCKET = 2 ** 20;

/**
 * Puts sums over the ranks in the place of numbers, in the order in which they come, the same on all ranks; several arrays at
 * a time: a call takes longer than a small one. A call begins as soon as there is enough for it, and once the one before has
 * ended.
 */
export class RankSums {
  readonly #ranks: Communicator;
  #bucket: Float32Array[] = [];
  #size = 0;
  #calls: Promise<void> = Promise.resolve();

  constructor(ranks: Communicator) {
    this.#ranks = ranks;
  }

  /** @param values to be left alone until the end @returns whether that was enough for a call */
  add(values: Float32Array): boolean {
    this.#bucket.push(values);
    this.#size += values.length;
    if (this.#size < BUCKET) return false;
    this.#call();
    return true;
  }

  /** Calls for the rest, and waits for all. */
  async end(): Promise<void> {
    if (this.#bucket.length > 0) this.#call();
    await this.#calls;
  }

  #call(): void {
    const bucket = this.#bucket;
    [this.#bucket, this.#size] = [[], 0];
    this.#calls = this.#calls.then(() => sumBucket(bucket, this.#ranks));
    // Told at the end; until then nobody listens.
    this.#calls.catch(() => undefined);
  }
}

/** Sums over the ranks of arrays that are all there. */
export async function sumOverRanks(arrays: readonly Float32Array[], ranks: Communicator): Promise<void> {
  const sums = new RankSums(ranks);
  for (const values of arrays) sums.add(values);
  await sums.end();
}

async function sumBucket(bucket: readonly Float32Array[], ranks: Communicator): Promise<void> {
  if (bucket.length === 1) return ranks.allReduce(bucket[0]!, 'sum');
  const joined = new Float32Array(bucket.reduce((sum, { length }) => sum + length, 0));
  eachPlace(bucket, (values, at) => joined.set(values, at));
  await ranks.allReduce(joined, 'sum');
  eachPlace(bucket, (values, at) => values.set(joined.subarray(at, at + values.length)));
}

function eachPlace(arrays: readonly Float32Array[], use: (array: Float32Array, at: number) => void): void {
  let at = 0;
  for (const array of arrays) {
    use(array, at);
    at += array.length;
  }
}
