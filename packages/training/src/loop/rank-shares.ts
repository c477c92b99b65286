import { type Communicator, type FloatArray, ShapeMismatchError } from '@cf/core';

/** A part of a list: from its first place to before its last. */
export interface Share {
  readonly from: number;
  readonly to: number;
}

/** What of `count` things in a row, such as classes or the samples of a step, is a rank's own. */
export function shareOf(count: number, ranks: Pick<Communicator, 'rank' | 'size'> | undefined): Share {
  if (ranks === undefined) return { from: 0, to: count };
  const cut = (rank: number): number => Math.floor((rank * count) / ranks.size);
  return { from: cut(ranks.rank), to: cut(ranks.rank + 1) };
}

/** Labels as a shard of the classes takes them: its own from 0 on, −1 for those of others. */
export function labelsOfShare(labels: Int32Array, { from, to }: Share): Int32Array {
  return labels.map((label) => (label >= from && label < to ? label - from : -1));
}

/**
 * The embeddings of all ranks, one after the other: [B, d].
 *
 * @throws ShapeMismatchError unless there are as many as the step has samples
 */
export async function gatheredEmbeddings(
  own: FloatArray,
  length: number,
  ranks: Communicator | undefined,
): Promise<FloatArray> {
  if (ranks === undefined) return own;
  const parts = await ranks.allGather(own);
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  if (total !== length)
    throw new ShapeMismatchError(`${total} numbers of the embeddings of all ranks`, `${length}`);
  const all = own instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The length that the parts of all ranks have together; undefined where there is one. */
export async function normOfShares(
  own: FloatArray,
  ranks: Communicator | undefined,
): Promise<number | undefined> {
  if (ranks === undefined) return undefined;
  const sum = Float64Array.of(0);
  for (const value of own) sum[0]! += value * value;
  await ranks.allReduce(sum, 'sum');
  return Math.sqrt(sum[0]!);
}
