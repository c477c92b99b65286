import { createRandom } from '../../random/random.ts';

/** How many classes a batch sees. */
export interface ClassRate {
  /** Share of all classes, in (0, 1]; or */
  readonly rate?: number | undefined;
  /** a number of them. */
  readonly count?: number | undefined;
  readonly seed: number;
}

/**
 * The classes of a batch, and others drawn without replacement until there are enough of them, rising: positives always,
 * however many (An et al. 2021, Partial FC, section 3.2). The same seed and step draw the same.
 *
 * @param labels [B], −1 for a class that is elsewhere. @param classes C. @param step training steps before this one
 */
export function sampleClasses(
  labels: ArrayLike<number>,
  classes: number,
  { rate, count, seed }: ClassRate,
  step: number,
): { readonly ids: Int32Array; readonly positives: Int32Array } {
  const own = new Set<number>();
  for (let i = 0; i < labels.length; i++) if (labels[i]! >= 0) own.add(labels[i]!);
  const positives = Int32Array.from(own).sort();
  const wanted = Math.min(classes, Math.max(own.size, count ?? Math.round(rate! * classes)));
  const random = createRandom(seed).fork(`classes of step ${step}`);
  const others = classes - own.size;
  const negatives = wanted - own.size;
  // Those that are drawn, or those that are left out, whichever are fewer.
  const drawsIn = negatives <= others / 2;
  const drawn = new Set<number>();
  const draws = drawsIn ? negatives : others - negatives;
  while (drawn.size < draws) {
    const id = Math.floor(random.uniform() * classes);
    if (!own.has(id)) drawn.add(id);
  }
  if (drawsIn) return { ids: Int32Array.from([...own, ...drawn]).sort(), positives };
  const ids = new Int32Array(wanted);
  let at = 0;
  for (let id = 0; id < classes; id++) if (!drawn.has(id)) ids[at++] = id;
  return { ids, positives };
}
