import { expect, test } from 'vitest';
import { duration } from './duration.ts';

test.each([
  ['30s', 30_000],
  ['10min', 600_000],
  ['2 h', 7_200_000],
])('%s', (text, milliseconds) => {
  expect(duration('distributed-timeout', text)).toBe(milliseconds);
});

test.each(['', '0s', '5', '1.5h', '-1s', '10 minutes', '5steps'])('%j is refused', (text) => {
  expect(() => duration('distributed-timeout', text)).toThrow(/^distributed-timeout = .*such as 10min/);
});
