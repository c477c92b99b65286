import { expect, test } from 'vitest';
import { configWith } from '../testing.ts';
import { cellsOf } from './comparison.ts';
import { comparisonTable, type KnownCell } from './comparison-table.ts';
import { tableNotes } from './comparison-text.ts';

const config = configWith();
const comparison = {
  seeds: [0, 1],
  baseline: 'base',
  variants: ['base', 'other'].map((name) => ({ name, config })),
};

/** @param cosines mean target cosines of the first steps, by cell; undefined where a training is not done */
function tableOf(cosines: Readonly<Record<string, number | null>>): ReturnType<typeof comparisonTable> {
  const figures = { accuracy: 1, auc: 1, eer: 0, loss: 1, meanTargetCosine: 1, trainingSeconds: 1 };
  const known = cellsOf(comparison, '.').map((cell): KnownCell => {
    const meanTargetCosine = cosines[cell.name];
    const result =
      meanTargetCosine === undefined ? undefined : { figures, metrics: [{ meanTargetCosine } as never] };
    return { cell, end: undefined, result };
  });
  return comparisonTable(comparison, known);
}

test('variants that did not begin alike are told, by the seed that they have in common', () => {
  const alike = { 'base/seed-0': 0.1, 'other/seed-0': 0.1, 'base/seed-1': 0.2, 'other/seed-1': 0.2 };
  expect(tableOf(alike).unequalStarts).toEqual([]);
  const unequal = tableOf({ ...alike, 'other/seed-1': 0.2 + 2 ** -54 });
  expect(unequal.unequalStarts).toEqual([{ seed: 1, variant: 'other' }]);
  expect(tableNotes(unequal).join('\n')).toMatch(/^other did not begin as base did with seed 1: /m);
  expect(tableNotes(tableOf(alike)).join('\n')).not.toMatch(/did not begin/);
  // Nothing is known of a training that is not done.
  expect(tableOf({ 'base/seed-0': 0.1, 'other/seed-1': 0.2 }).unequalStarts).toEqual([]);
});
