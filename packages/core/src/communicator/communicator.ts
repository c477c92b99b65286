import type { Eventually } from '../head/phases/steps.ts';

/** What ranks hand to each other. */
export type Exchanged = Float32Array | Float64Array | Uint8Array;

/**
 * Ranks that work on one training, each with its part of the classes or of the pictures: what MPI calls a communicator. On one
 * machine with one process there is none.
 *
 * All ranks call the same operations in the same order. A rank that fails does not come: whoever runs the ranks tells the
 * others, by rejecting what they wait for.
 */
export interface Communicator {
  /** Which of them this one is: 0 … size − 1. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /**
   * Puts the sum, or the largest, over all ranks in the place of each number. Every rank then holds the same bits: t and
   * whatever else follows from them is the same everywhere.
   */
  allReduce(values: Float32Array | Float64Array, operation: 'sum' | 'max'): Eventually<void>;
  /** What each rank has, by rank; lengths may differ. */
  allGather<Values extends Exchanged>(values: Values): Eventually<readonly Values[]>;
  /** Puts what one rank has in the place of what the others have, of the same length. */
  broadcast(values: Exchanged, from: number): Eventually<void>;
  /** Waits until all are here. */
  barrier(): Eventually<void>;
}
