import { expect, test } from 'vitest';
import { isOfFormula } from './formula-numbers.ts';

test.each([
  ['Div', Math.SQRT2],
  ['Mul', Math.SQRT1_2],
  ['Mul', 0.044715],
  ['Mul', Math.sqrt(2 / Math.PI)],
  ['Mul', 1.702],
  ['Mul', -Math.LOG2E],
  ['Div', Math.sqrt(48)],
  ['Mul', 1 / Math.sqrt(48)],
  ['Add', 3],
  ['Div', 6],
  ['Mul', 1 / 6],
  ['Pow', 2],
  ['Pow', 0.5],
])('%s by %d is of a formula', (operator, value) =>
  expect(isOfFormula(Math.fround(value), operator)).toBe(true),
);

test.each([
  ['Mul', 1],
  ['Mul', 64],
  ['Mul', 0],
  ['Mul', 3],
  ['Div', 0.07],
  ['Add', 0.5],
  ['Pow', 3],
  ['Pow', 3.0001],
  ['Mul', 1.41],
  ['Add', Math.SQRT2],
  ['Mul', Number.NaN],
  ['constructor', 3],
])('%s by %d may be learnt', (operator, value) =>
  expect(isOfFormula(Math.fround(value), operator)).toBe(false),
);
