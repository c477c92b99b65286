import { expect, test } from 'vitest';
import { numberOps } from '../readings/number.ts';
import { circleLoss } from './circle-loss.ts';

const M = 0.3;
const COSINES = [-1, -0.31, -0.3, -0.29, 0, 0.3, 0.7, 1];
const target = (cos: number, gradient: 'exact' | 'straight-through') =>
  circleLoss({ margin: M, gradient }).target(numberOps, { cos, sin: Math.sqrt(1 - cos * cos), norm: 1 }, {});
const negative = (cos: number, gradient: 'exact' | 'straight-through') =>
  circleLoss({ margin: M, gradient }).negative(numberOps, cos, 0, {});

test.each(['straight-through', 'exact'] as const)('the values are those of eq. 8, %s', (gradient) => {
  for (const cos of COSINES) {
    expect(target(cos, gradient).value).toBeCloseTo(Math.max(0, 1 + M - cos) * (cos - 1 + M), 15);
    expect(negative(cos, gradient).value).toBeCloseTo(Math.max(0, cos + M) * (cos - M), 15);
  }
});

test('as released the slope is the bracket: the pull is larger the further from the optimum', () => {
  for (const cos of COSINES) {
    expect(target(cos, 'straight-through').dCos).toBeCloseTo(1 + M - cos, 15);
    expect(negative(cos, 'straight-through').dCos).toBeCloseTo(Math.max(0, cos + M), 15);
  }
});

test('exact slopes are 2·(1 − cos θ_y) and 2·cos θ_j, and 0 where the bracket is', () => {
  for (const cos of COSINES) {
    expect(target(cos, 'exact').dCos).toBeCloseTo(2 * (1 - cos), 15);
    expect(negative(cos, 'exact').dCos).toBeCloseTo(cos > -M ? 2 * cos : 0, 15);
  }
});

test('past its optimum by more than m a target has no bracket, where m is negative for an experiment', () => {
  const loss = circleLoss({ margin: -0.2, unsafe: true, gradient: 'exact' });
  expect(loss.target(numberOps, { cos: 0.9, sin: 0.4, norm: 1 }, {})).toMatchObject({ value: -0, dCos: 0 });
});
