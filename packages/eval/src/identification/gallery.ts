import { NonFiniteError, ShapeMismatchError } from '@cf/core';
import type { UnitName } from '../bootstrap/pair-units.ts';
import { PairsError } from '../errors.ts';

/** Embeddings of pictures or templates, and who each is. */
export interface IdentifiedRows {
  /** `[N, d]`, row-major; they need not be normalised. */
  readonly embeddings: Float32Array | Float64Array;
  /** `[N]`. */
  readonly identities: ArrayLike<UnitName>;
}

/** What came of searches, one entry a probe. */
export interface SearchOutcomes {
  /** Place of the probe's identity among all of the gallery, from 1; 0 where the gallery does not have it. */
  readonly rank: Uint32Array;
  /** Its score where the gallery has it (a mated search), else the highest score of any identity. */
  readonly score: Float64Array;
}

/** People who are known, to be searched. */
export interface Gallery {
  /** How many people. */
  readonly identities: number;
  /**
   * Searches for each probe: the cosine with every row of the gallery, of several rows of one identity the highest.
   *
   * Identities of equal score stand before the probe's own, so a tie is a miss: a model that gives everybody one score
   * finds nobody. O(Q·G·d), 8 bytes a person beside the rows.
   *
   * @throws ShapeMismatchError, PairsError, NonFiniteError as {@link openGallery}
   */
  search(probes: IdentifiedRows): SearchOutcomes;
}

/**
 * Opens the embeddings of known people for searches.
 *
 * @param dim - d, the number of columns.
 * @throws ShapeMismatchError (`E_SHAPE`) if the embeddings are not whole rows, one an identity's name.
 * @throws PairsError (`E_PAIRS`) if the gallery is empty.
 * @throws NonFiniteError (`E_NON_FINITE`) if an embedding holds NaN or an infinity.
 */
export function openGallery(rows: IdentifiedRows, dim: number): Gallery {
  const count = countRows('gallery', rows, dim);
  if (count === 0)
    throw new PairsError('an empty gallery', 'one known person or more', 'add pictures to it.');
  const inverse = inverseNorms('gallery', rows.embeddings, dim);
  const places = new Map<UnitName, number>();
  const owner = Uint32Array.from({ length: count }, (_, row) => {
    const name = rows.identities[row]!;
    if (!places.has(name)) places.set(name, places.size);
    return places.get(name)!;
  });
  const best = new Float64Array(places.size);
  return {
    identities: places.size,
    search(probes) {
      const searches = countRows('probes', probes, dim);
      const own = inverseNorms('probes', probes.embeddings, dim);
      const rank = new Uint32Array(searches);
      const score = new Float64Array(searches);
      for (let probe = 0; probe < searches; probe++) {
        best.fill(Number.NEGATIVE_INFINITY);
        for (let row = 0; row < count; row++) {
          const dot = dotOfRows(rows.embeddings, row * dim, probes.embeddings, probe * dim, dim);
          const cosine = Math.min(1, Math.max(-1, dot * inverse[row]! * own[probe]!));
          const who = owner[row]!;
          if (cosine > best[who]!) best[who] = cosine;
        }
        const mate = places.get(probes.identities[probe]!);
        if (mate === undefined) {
          score[probe] = best.reduce((high, one) => Math.max(high, one), Number.NEGATIVE_INFINITY);
          continue;
        }
        const mated = best[mate]!;
        score[probe] = mated;
        // The mate itself counts, and makes the place begin at 1.
        let atLeast = 0;
        for (let who = 0; who < best.length; who++) if (best[who]! >= mated) atLeast++;
        rank[probe] = atLeast;
      }
      return { rank, score };
    },
  };
}

function countRows(what: string, { embeddings, identities }: IdentifiedRows, dim: number): number {
  const rows = embeddings.length / dim;
  if (Number.isInteger(dim) && dim > 0 && rows === identities.length) return rows;
  throw new ShapeMismatchError(
    `${what} of ${embeddings.length} numbers with dim = ${dim} and ${identities.length} identities`,
    'embeddings [N, dim] and N identities',
    'pass one name a row.',
  );
}

/** 1 / ‖row‖, 0 for a row of zeros, whose cosine with everything is 0. */
function inverseNorms(what: string, rows: Float32Array | Float64Array, dim: number): Float64Array {
  const index = rows.findIndex((value) => !Number.isFinite(value));
  if (index >= 0) {
    const fix = 'look at the picture or the model that gave this embedding.';
    throw new NonFiniteError(what, index, rows[index]!, fix);
  }
  return Float64Array.from({ length: rows.length / dim }, (_, row) => {
    const norm = Math.sqrt(dotOfRows(rows, row * dim, rows, row * dim, dim));
    return norm === 0 ? 0 : 1 / norm;
  });
}

/** In four sums, which the processor adds at once. */
function dotOfRows(
  a: Float32Array | Float64Array,
  aStart: number,
  b: Float32Array | Float64Array,
  bStart: number,
  dim: number,
): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < dim; k += 4) {
    s0 += a[aStart + k]! * b[bStart + k]!;
    s1 += a[aStart + k + 1]! * b[bStart + k + 1]!;
    s2 += a[aStart + k + 2]! * b[bStart + k + 2]!;
    s3 += a[aStart + k + 3]! * b[bStart + k + 3]!;
  }
  for (; k < dim; k++) s0 += a[aStart + k]! * b[bStart + k]!;
  return s0 + s1 + (s2 + s3);
}
