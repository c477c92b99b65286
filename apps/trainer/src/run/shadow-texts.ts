import { meanOf } from '@cf/core';
import type { StepMetrics } from '@cf/training';
import type { TrainConfig } from '../settings/train-config.ts';

/** What losses that looked on at a training saw, and what they cost: a sentence each. */
export function shadowTexts(
  { batch, accumulate, loss }: Pick<TrainConfig, 'batch' | 'accumulate' | 'loss'>,
  metrics: readonly StepMetrics[],
): readonly string[] {
  const watched = metrics.filter(({ shadows }) => shadows !== undefined);
  const looks = watched.filter(({ shadows }) => Object.keys(shadows!.cosines).length > 0);
  if (looks.length === 0) return [];
  const names = [...new Set(looks.flatMap(({ shadows }) => Object.keys(shadows!.cosines)))];
  const tenth = Math.max(1, Math.floor(looks.length / 10));
  const told = names.map((name) => {
    const over = (some: readonly StepMetrics[]): string => {
      const cosines = some.flatMap(({ shadows }) => shadows!.cosines[name]?.embeddings ?? []);
      return cosines.length === 0 ? 'none' : meanOf(cosines).toFixed(3);
    };
    return `${name} ${over(looks.slice(0, tenth))} in the first tenth of the looks, ${over(looks.slice(-tenth))} in the last`;
  });
  const spent = watched.reduce((sum, { shadows }) => sum + shadows!.seconds, 0);
  const all = metrics.reduce((sum, { imagesPerSecond }) => sum + (batch * accumulate) / imagesPerSecond, 0);
  return [
    `cosine of ∂L/∂X with that of ${loss.name}: ${told.join('; ')}`,
    `losses that looked on took ${((100 * spent) / all).toFixed(1)} % of the time of the steps (${spent.toPrecision(2)} s, ${looks.length} looks)`,
  ];
}
