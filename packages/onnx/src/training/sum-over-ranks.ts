import type { Communicator } from '@cf/core';

/** Puts sums over the ranks in the place of numbers, several arrays at a time: a call takes longer than a small one. */
export async function sumOverRanks(arrays: readonly Float32Array[], ranks: Communicator): Promise<void> {
  for (const bucket of buckets(arrays)) await sumBucket(bucket, ranks);
}

async function sumBucket(bucket: readonly Float32Array[], ranks: Communicator): Promise<void> {
  if (bucket.length === 1) return ranks.allReduce(bucket[0]!, 'sum');
  const joined = new Float32Array(bucket.reduce((sum, { length }) => sum + length, 0));
  eachPlace(bucket, (values, at) => joined.set(values, at));
  await ranks.allReduce(joined, 'sum');
  eachPlace(bucket, (values, at) => values.set(joined.subarray(at, at + values.length)));
}

/** Numbers that go in one call, unless one parameter has more. */
const BUCKET = 2 ** 20;

function* buckets(arrays: readonly Float32Array[]): Generator<Float32Array[], void, undefined> {
  let bucket: Float32Array[] = [];
  let size = 0;
  for (const array of arrays) {
    if (bucket.length > 0 && size + array.length > BUCKET) {
      yield bucket;
      [bucket, size] = [[], 0];
    }
    bucket.push(array);
    size += array.length;
  }
  if (bucket.length > 0) yield bucket;
}

function eachPlace(arrays: readonly Float32Array[], use: (array: Float32Array, at: number) => void): void {
  let at = 0;
  for (const array of arrays) {
    use(array, at);
    at += array.length;
  }
}
