import { OptionOutOfRangeError } from '@cf/core';
import type { RocPoint } from './roc.ts';

/**
 * At most `maxPoints` points of a ROC, chosen so that a picture of it, with FAR linear or logarithmic, keeps its shape.
 *
 * First only the upper left corners of the staircase are kept, which loses nothing, with both ends and the smallest
 * FAR above 0. If they are still too many, they are picked at even steps of log FAR and of TAR. Points are never moved or invented, so the thinned
 * staircase never lies above the true one.
 *
 * @param roc - points in rising order, as `verify` returns them.
 * @param maxPoints - an integer ≥ 5.
 * @throws OptionOutOfRangeError (`E_OPTION_RANGE`) for another `maxPoints`.
 */
export function thinRoc(roc: readonly RocPoint[], maxPoints = 400): RocPoint[] {
  if (!Number.isInteger(maxPoints) || maxPoints < 5) {
    throw new OptionOutOfRangeError('maxPoints', maxPoints, 'an integer ≥ 5', 'leave it out for 400 points.');
  }
  const corners = upperLeftCorners(roc);
  return corners.length <= maxPoints ? corners : evenlySpaced(corners, maxPoints);
}

/** The best TAR of each FAR where it is better than that of any smaller FAR; both ends; the first FAR above 0. */
function upperLeftCorners(roc: readonly RocPoint[]): RocPoint[] {
  const last = roc.length - 1;
  const firstFalseAccept = roc.findIndex((point) => point.far > 0);
  return roc.filter((point, index) => {
    if (index === 0 || index === last || index === firstFalseAccept) return true;
    const beginsStep = point.tar > roc[index - 1]!.tar;
    const endsStep = roc[index + 1]!.far > point.far;
    return beginsStep && endsStep;
  });
}

function evenlySpaced(points: readonly RocPoint[], maxPoints: number): RocPoint[] {
  const last = points.length - 1;
  const firstFalseAccept = points.findIndex((point) => point.far > 0);
  const chosen = new Set([0, firstFalseAccept, last]);
  const forFar = Math.ceil((maxPoints - 3) / 2);
  const forTar = maxPoints - 3 - forFar;
  const smallestFar = points[firstFalseAccept]!.far;
  for (let step = 0; step < forFar; step++) {
    const far = smallestFar ** (1 - step / forFar);
    chosen.add(points.findLastIndex((point) => point.far <= far));
  }
  for (let step = 0; step < forTar; step++) {
    chosen.add(points.findIndex((point) => point.tar >= (step + 1) / (forTar + 1)));
  }
  return points.filter((_, index) => chosen.has(index));
}
