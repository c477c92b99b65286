import { floatAttribute } from '../../model/attributes.ts';
import type { TrainingForm } from '../../passes/training-form/training-form.ts';
import type { Tensors } from '../../training/runner.ts';
import { floats } from '../../training/tensor-store.ts';
import type { MovedStatistics } from './network-program.ts';
import type { Program } from './program.ts';

/**
 * Moves running statistics by those of the batch, as the training form's graph does: kept ← m · kept + (1 − m) · new,
 * where the new variance is the unbiased one, n / (n − 1) times that which normalises; n = 1 counts as 2.
 *
 * @param feeds the running ones, by name
 * @param targets where the next ones go, by the names that the form gives them
 */
export function moveStatistics(
  program: Program,
  statistics: readonly MovedStatistics[],
  {
    form,
    feeds,
    targets,
  }: { readonly form: TrainingForm; readonly feeds: Tensors; readonly targets: Tensors },
): void {
  const next = new Map(form.statistics.map((statistic) => [statistic.name, statistic.next]));
  for (const { node, mean, variance, channels, count } of statistics) {
    const momentum = floatAttribute(node, 'momentum', 0.9);
    const values = count();
    const unbiased = values / Math.max(1, values - 1);
    for (const [index, of, factor] of [
      [3, mean, 1],
      [4, variance, unbiased],
    ] as const) {
      const name = node.input[index]!;
      const kept = floats(feeds.get(name)!);
      const target = floats(targets.get(next.get(name)!)!);
      const seen = program.numbers(of, channels);
      for (let i = 0; i < channels; i++) target[i] = momentum * kept[i]! + (1 - momentum) * factor * seen[i]!;
    }
  }
}
