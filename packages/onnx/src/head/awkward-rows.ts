import { NonFiniteError, unitRows } from '@cf/core';

/** A tile of class centers whose norms overflow in float32, made harmless. */
export interface TamedTile {
  /** The tile with those rows at unit length. */
  readonly weights: Float32Array;
  /** Row of the tile → its true norm. */
  readonly norms: ReadonlyMap<number, number>;
}

/**
 * Looks at the norms of a tile: a norm that is not finite comes from a number that is not, or from a finite row whose
 * squares overflow in float32. The latter is replaced with a unit row.
 *
 * @param start first class of the tile.
 * @param weights the tile: [n, d]. @param norms as computed in float32: [n].
 * @returns undefined where nothing is awkward
 * @throws NonFiniteError that names the first number that is not finite
 */
export function tameRows(
  weights: Float32Array,
  norms: Float32Array,
  dim: number,
  start: number,
): TamedTile | undefined {
  let tamed: { weights: Float32Array; norms: Map<number, number> } | undefined;
  for (let j = 0; j < norms.length; j++) {
    if (norms[j]! < Number.POSITIVE_INFINITY) continue;
    for (let k = j * dim; k < (j + 1) * dim; k++) {
      if (!Number.isFinite(weights[k])) throw new NonFiniteError('weights', start * dim + k, weights[k]!);
    }
    tamed ??= { weights: weights.slice(), norms: new Map() };
    const row = unitRows(weights, dim, j, j + 1);
    tamed.weights.set(row.unit, j * dim);
    tamed.norms.set(j, row.norms[0]!);
  }
  return tamed;
}

/** Turns gradients with respect to the unit rows into those with respect to the rows. */
export function untameGradients(
  gradients: Float32Array,
  norms: ReadonlyMap<number, number>,
  dim: number,
): void {
  for (const [j, norm] of norms) {
    for (let k = j * dim; k < (j + 1) * dim; k++) gradients[k] = gradients[k]! / norm;
  }
}
