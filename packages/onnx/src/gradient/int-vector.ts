/** A vector of integers in a graph: numbers known while the graph is built, or the name of an int64 value. */
export type IntVector = { readonly known: readonly number[] } | { readonly value: string };

/** Wraps numbers. */
export function ints(...numbers: readonly number[]): IntVector {
  return { known: numbers };
}
