import type { Eventually } from './steps.ts';

/**
 * Where the shards of a head meet: each holds all embeddings and some of the class centers, and calls the same reductions
 * in the same order.
 */
export interface Communicator {
  /**
   * Puts the sum, or the largest, over all shards in the place of each number. Every shard then holds the same bits: t and
   * whatever else follows from them is the same everywhere.
   */
  allReduce(values: Float64Array, operation: 'sum' | 'max'): Eventually<void>;
}
