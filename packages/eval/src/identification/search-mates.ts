import { ShapeMismatchError } from '@cf/core';
import type { IdentityIndex } from '../search/identity-index.ts';
import { nearestIdentities } from '../search/search.ts';

/** What came of searches, one entry a probe. */
export interface SearchOutcomes {
  /** Place of the probe's identity among all of the gallery, from 1; 0 where the gallery does not have it. */
  readonly rank: Uint32Array;
  /** Its score where the gallery has it (a mated search), else the highest score of any identity. */
  readonly score: Float64Array;
}

/**
 * Searches for people of whom it is known who they are, so that {@link identify} can say how well that went.
 *
 * Of several rows of one identity the nearest counts. Identities of equal score stand before the probe's own, so a tie is a
 * miss: a model that gives everybody one score finds nobody. O(Q·R·d) for Q probes and R rows, 12 bytes a person beside them.
 *
 * @param gallery - from `createIdentityIndex`.
 * @param probes - `[Q, d]`, row-major.
 * @param identities - `[Q]`, who each probe is; a number or a bigint is the name that it reads as.
 * @throws ShapeMismatchError (`E_SHAPE`), GalleryError (`E_GALLERY`), NonFiniteError (`E_NON_FINITE`) as `search`
 */
export function searchMates(
  gallery: IdentityIndex,
  probes: Float32Array,
  identities: ArrayLike<string | number | bigint>,
): SearchOutcomes {
  const count = probes.length / gallery.dim;
  if (count !== identities.length) {
    throw new ShapeMismatchError(
      `${probes.length} numbers to search for and ${identities.length} identities`,
      `embeddings of ${gallery.dim}, and one identity for each`,
      'name every probe.',
    );
  }
  const places = new Map(gallery.identities.map((name, place) => [name, place]));
  const rank = new Uint32Array(count);
  const score = new Float64Array(count);
  let probe = 0;
  for (const { scores } of nearestIdentities(gallery, probes)) {
    const mate = places.get(String(identities[probe]!));
    if (mate === undefined) score[probe] = scores.reduce((high, one) => Math.max(high, one));
    else {
      score[probe] = scores[mate]!;
      // The mate itself counts, and makes the place begin at 1.
      rank[probe] = scores.reduce((atLeast, one) => atLeast + Number(one >= scores[mate]!), 0);
    }
    probe++;
  }
  return { rank, score };
}
