/** Pairs of pictures to score. */
export interface VerificationPairs {
  /** Positions in the list of pictures: [P]. */
  readonly pairs: readonly (readonly [number, number])[];
  /** [P]. */
  readonly same: readonly boolean[];
  /** Fold of each pair, from 1: [P]. */
  readonly folds: readonly number[];
  /** Folds whose accuracy counts; the others only choose thresholds. */
  readonly scored: readonly number[];
  /** Pairs that were left out already, for pictures that do not exist. */
  readonly missing: number;
}

/** The pairs whose pictures were read, renumbered to the rows of a feature table. */
export function readablePairs(
  pairs: VerificationPairs,
  indices: Int32Array,
): VerificationPairs & { readonly dropped: number } {
  const rowOf = new Map(Array.from(indices, (index, row) => [index, row]));
  const kept = pairs.pairs.map(([a, b]) => rowOf.has(a) && rowOf.has(b));
  const keep = <T>(values: readonly T[]): T[] => values.filter((_, i) => kept[i]);
  return {
    pairs: keep(pairs.pairs).map(([a, b]) => [rowOf.get(a)!, rowOf.get(b)!] as const),
    same: keep(pairs.same),
    folds: keep(pairs.folds),
    scored: pairs.scored,
    missing: pairs.missing,
    dropped: kept.filter((whole) => !whole).length,
  };
}

/** Positions of the pictures that pairs use. */
export function imagesOfPairs({ pairs }: VerificationPairs): ReadonlySet<number> {
  return new Set(pairs.flat());
}

/** The identities of each pair; undefined where one is not known, or they say other than the pairs do. */
export function identitiesOfPairs<Picture>(
  {
    pairs,
    same,
  }: { readonly pairs: readonly (readonly [Picture, Picture])[]; readonly same: readonly boolean[] },
  identityOf: (picture: Picture) => string | undefined,
): readonly (readonly [string, string])[] | undefined {
  const identities: (readonly [string, string])[] = [];
  for (const [n, [first, second]] of pairs.entries()) {
    const [a, b] = [identityOf(first), identityOf(second)];
    if (a === undefined || b === undefined || (a === b) !== same[n]) return undefined;
    identities.push([a, b]);
  }
  return identities;
}
