import { expect, test } from 'vitest';
import { median } from './timing.ts';

test.each([
  [[3], 3],
  [[10, 9, 1], 9],
  [[4, 1, 100, 2], 3],
])('of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected);
});
