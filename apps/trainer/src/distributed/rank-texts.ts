import type { Communicator } from '@cf/core';

/** What each rank says, by rank, on all of them. */
export async function gatherTexts(communicator: Communicator, own: string): Promise<readonly string[]> {
  const all = await communicator.allGather(new TextEncoder().encode(own));
  return all.map((bytes) => new TextDecoder().decode(bytes));
}

/** What the first rank says, on all of them. */
export async function textOfFirst(communicator: Communicator, own: string): Promise<string> {
  const [first] = await gatherTexts(communicator, communicator.rank === 0 ? own : '');
  return first!;
}
