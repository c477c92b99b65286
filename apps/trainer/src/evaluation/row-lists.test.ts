import { expect, it } from 'vitest';
import { RowReader } from './row-lists.ts';

it('a truth is a number, a word or itself, and nothing that every object has', () => {
  const reader = new RowReader('pairs.jsonl', 'a, b and same');
  const of = (same?: unknown): boolean =>
    reader.truth({ line: 3, fields: { a: 'x', same }, columnsAt: 1 }, 'same');
  expect([1, '1', 'TRUE', true].map(of)).toEqual([true, true, true, true]);
  expect([0, '0', 'false ', false].map(of)).toEqual([false, false, false, false]);
  for (const wrong of ['constructor', 'yes', 2])
    expect(() => of(wrong)).toThrow(/:3: same = .*, expected 1 or 0/);
  expect(() => of()).toThrow(/:3: no 'same' among a/);
});
