import { backendLaws, SPECIMENS } from '@cf/conformance';
import type { Backend } from '@cf/core';
import type { Draws } from '../../../../testing/draws.ts';

/** What came of laws. */
export interface LawsOutcome {
  readonly passed: string[];
  /** With the error. */
  readonly failed: string[];
}

/** One loss of each geometry and objective, and those that need sines, square roots, sums or sorting of their own. */
export const LOSSES: readonly string[] = [
  ...['softmax', 'sphereface', 'curricularface', 'magface', 'adaface', 'adacos', 'npcface', 'li-arcface'],
  ...['sphereface2', 'uniface', 'smoothed(arcface)', 'arcface of a table'],
];
/** A part of the name of each. */
export const LAWS: readonly string[] = [
  ...['float64 reference', 'zero embedding', 'one class p = 1', 'doubling', 'moves no state', 'bad input'],
  'known counterexample',
];

/** Runs the laws on a backend, one run a loss times the draws' factor: all of them, or a selection where software stands in for a GPU. */
export async function runLaws(
  backend: Backend,
  which: 'all' | 'some',
  { seed, times }: Draws,
): Promise<LawsOutcome> {
  const outcome: LawsOutcome = { passed: [], failed: [] };
  const specimens = SPECIMENS.filter(({ name }) => which === 'all' || LOSSES.includes(name));
  for (const law of backendLaws(() => backend, { runsPerLoss: times, seed, specimens })) {
    if (which === 'some' && !LAWS.some((text) => law.name.includes(text))) continue;
    await law.run().then(
      () => outcome.passed.push(law.name),
      (error: unknown) => outcome.failed.push(`${law.name}: ${told(error)}`),
    );
  }
  return outcome;
}

/** fast-check puts what went wrong into the cause of the cause. */
function told(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return cause === undefined ? String(error) : `${String(error)} ← ${told(cause)}`;
}
