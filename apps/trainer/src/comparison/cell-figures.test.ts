import { expect, test } from 'vitest';
import { evenSteps } from './cell-figures.ts';

test('of many steps some are kept, at even distances from the first; of few all', () => {
  const steps = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);
  for (const few of [[], steps(1), steps(5000)]) expect(evenSteps(few)).toBe(few);
  const kept = evenSteps(steps(123_456));
  expect(kept.length).toBeGreaterThan(2500);
  expect(kept.length).toBeLessThanOrEqual(5000);
  expect(new Set(kept.slice(1).map((step, at) => step - kept[at]!)).size).toBe(1);
  expect(kept[0]).toBe(1);
});
