import { PairsError } from '../errors.ts';

/** Who, or what, a pair is of: a name or a number. */
export type UnitName = string | number;

/** What is drawn with replacement. */
export type ResampledUnit = 'identities' | 'components' | 'pairs';

/** Of what units each pair is: of two identities, or all of it of one unit. */
export interface PairUnits {
  readonly unit: ResampledUnit;
  /** How many units there are. */
  readonly count: number;
  /** `[P]` positions of units, both the same where a pair is of one. */
  readonly first: Uint32Array;
  readonly second: Uint32Array;
}

/** What is known of who the pairs show. */
export interface PairOrigins {
  /** `[P]` the identities of the two pictures of each pair. */
  readonly identities?: ArrayLike<readonly [UnitName, UnitName]> | undefined;
  /** `[P]` the two pictures of each pair, where identities are not known. */
  readonly pictures?: ArrayLike<readonly [UnitName, UnitName]> | undefined;
}

/**
 * The units whose draws decide how often a pair counts.
 *
 * With `identities` each of them is a unit, and a pair is of two (or of one, where it is genuine). Without, a unit is
 * whatever hangs together by the same pictures, so that what depends on one picture is drawn together; pairs of which
 * nothing is known are units by themselves.
 *
 * @throws PairsError if there is not one entry a pair, or identities say other than `same`
 */
export function pairUnits(same: Uint8Array, { identities, pictures }: PairOrigins): PairUnits {
  if (identities !== undefined) {
    const { count, first, second } = numbered('identities', identities, same.length);
    const index = same.findIndex((is, pair) => (is === 1) !== (first[pair] === second[pair]));
    if (index >= 0) {
      const [a, b] = identities[index]!;
      throw new PairsError(
        `${same[index] === 1 ? 'a genuine' : 'an impostor'} pair of ${a} and ${b} at identities[${index}]`,
        'genuine pairs of one identity, impostor pairs of two',
        'correct the names, or leave identities out.',
        index,
      );
    }
    return { unit: 'identities', count, first, second };
  }
  if (pictures !== undefined) {
    const { count, first, second } = numbered('pictures', pictures, same.length);
    const component = components(count, first, second);
    const of = numbered(
      'pictures',
      Array.from(first, (picture) => [component[picture]!, component[picture]!] as const),
      same.length,
    );
    const unit = of.count === same.length ? 'pairs' : 'components';
    return { unit, count: of.count, first: of.first, second: of.second };
  }
  const each = Uint32Array.from(same.keys());
  return { unit: 'pairs', count: same.length, first: each, second: each };
}

function numbered(
  what: string,
  names: ArrayLike<readonly [UnitName, UnitName]>,
  pairs: number,
): Omit<PairUnits, 'unit'> {
  if (names.length !== pairs) {
    throw new PairsError(`${names.length} entries in ${what}`, `${pairs}, one a pair`, 'name both of each.');
  }
  const positions = new Map<UnitName, number>();
  const position = (name: UnitName): number => {
    const known = positions.get(name);
    if (known !== undefined) return known;
    positions.set(name, positions.size);
    return positions.size - 1;
  };
  const first = new Uint32Array(pairs);
  const second = new Uint32Array(pairs);
  for (let pair = 0; pair < pairs; pair++) {
    first[pair] = position(names[pair]![0]);
    second[pair] = position(names[pair]![1]);
  }
  return { count: positions.size, first, second };
}

/** For each node a number that those share which edges join. */
function components(count: number, first: Uint32Array, second: Uint32Array): Uint32Array {
  const parent = Uint32Array.from({ length: count }, (_, node) => node);
  const root = (node: number): number => {
    let at = node;
    while (parent[at] !== at) {
      // Halves the way for the next one.
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  };
  for (let edge = 0; edge < first.length; edge++) parent[root(first[edge]!)] = root(second[edge]!);
  return parent.map((_, node) => root(node));
}
