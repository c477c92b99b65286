import { expect, test } from 'vitest';
import { parseRange } from './parse-range.ts';

test.each([
  ['1e5..1e8', 10, [1e5, 1e6, 1e7, 1e8]],
  ['1..8', 2, [1, 2, 4, 8]],
  ['1..6', 2, [1, 2, 4, 6]],
  ['5..5', 10, [5]],
  ['5.5e6,125e3,125000', 10, [125_000, 5_500_000]],
  ['8', 2, [8]],
])('%s by %d', (text, factor, expected) => {
  expect(parseRange('ids', text, factor)).toEqual(expected);
});

test.each(['', '1..', '8..1', '1..2..3', '0', '1.5', 'many', '1e13', '1,,2'])('%j is refused', (text) => {
  expect(() => parseRange('ids', text, 10)).toThrow(
    /^ids = ".*", expected integers of 1 to 1e12: FROM\.\.TO/,
  );
});
