/** Slow and obvious counterparts of the package's numbers: the oracles of its tests. Nothing here is shared with it. */

export interface Pairs {
  readonly scores: readonly number[];
  readonly same: readonly boolean[];
}

/** Every genuine pair against every impostor pair. */
export function bruteForceAuc({ scores, same }: Pairs): number {
  let wins = 0;
  let duels = 0;
  for (let i = 0; i < scores.length; i++) {
    for (let j = 0; j < scores.length; j++) {
      if (!same[i] || same[j]) continue;
      duels++;
      if (scores[i]! > scores[j]!) wins += 1;
      else if (scores[i] === scores[j]) wins += 0.5;
    }
  }
  return wins / duels;
}

export function accuracyAt({ scores, same }: Pairs, threshold: number): number {
  return scores.filter((score, i) => score >= threshold === same[i]).length / scores.length;
}

export function ratesAt({ scores, same }: Pairs, threshold: number): { far: number; tar: number } {
  const genuine = scores.filter((_, i) => same[i]);
  const impostor = scores.filter((_, i) => !same[i]);
  const share = (values: number[]): number => values.filter((s) => s >= threshold).length / values.length;
  return { far: share(impostor), tar: share(genuine) };
}

/** Only the scores themselves, and infinity, need trying: accuracy and rates change nowhere else. */
export function allThresholds({ scores }: Pairs): number[] {
  return [...scores, Number.POSITIVE_INFINITY];
}

export function bruteForceBestAccuracy(pairs: Pairs): number {
  return Math.max(...allThresholds(pairs).map((threshold) => accuracyAt(pairs, threshold)));
}

export function bruteForceTarAtFar(pairs: Pairs, far: number): number {
  const allowed = allThresholds(pairs)
    .map((threshold) => ratesAt(pairs, threshold))
    .filter((rates) => rates.far <= far);
  return Math.max(...allowed.map((rates) => rates.tar));
}

/** Crossing of the ROC polygon with the line FAR = 1 − TAR, found by halving instead of by formula. */
export function bruteForceEer(pairs: Pairs): number {
  const points = allThresholds(pairs)
    .sort((a, b) => b - a)
    .map((threshold) => ratesAt(pairs, threshold));
  const along = (position: number): { far: number; tar: number } => {
    const k = Math.min(Math.floor(position), points.length - 2);
    const part = position - k;
    const [p, q] = [points[k]!, points[k + 1]!];
    return { far: p.far + part * (q.far - p.far), tar: p.tar + part * (q.tar - p.tar) };
  };
  let [low, high] = [0, points.length - 1];
  for (let round = 0; round < 100; round++) {
    const middle = (low + high) / 2;
    const { far, tar } = along(middle);
    if (far >= 1 - tar) high = middle;
    else low = middle;
  }
  return along(high).far;
}
