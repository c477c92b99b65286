import { OptionOutOfRangeError } from '@cf/core';

/**
 * Numbers as a user writes them: `1e5..1e8` goes from the first to the last by a factor, and ends with the last; `1e5,3e6` are
 * these.
 *
 * @param factor between neighbours of a range
 * @throws OptionOutOfRangeError unless they are integers from 1 on, a range from its smaller end
 */
export function parseRange(name: string, text: string, factor: number): readonly number[] {
  const expected = 'integers of 1 to 1e12: FROM..TO, or a list with commas';
  const numbers = (parts: readonly string[]): readonly number[] =>
    parts.map((part) => {
      const value = Number(part);
      if (part.trim() === '' || !Number.isInteger(value) || value < 1 || value > 1e12)
        throw new OptionOutOfRangeError(name, text, expected);
      return value;
    });
  const ends = text.split('..');
  if (ends.length === 1) return [...new Set(numbers(text.split(',')))].sort((a, b) => a - b);
  const [from, to] = numbers(ends) as [number, number];
  if (ends.length > 2 || to < from) throw new OptionOutOfRangeError(name, text, expected);
  const values: number[] = [];
  for (let value = from; value < to; value *= factor) values.push(value);
  return [...values, to];
}
