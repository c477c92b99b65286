import type { Communicator } from '@cf/core';

/** Puts the rows of all ranks, as many of each, one after the other. @param into [R·n, d] */
export async function gatherRows(
  own: Float32Array,
  into: Float32Array,
  ranks: Communicator,
): Promise<Float32Array> {
  const parts = await ranks.allGather(own);
  for (const [rank, part] of parts.entries()) into.set(part, rank * own.length);
  return into;
}
