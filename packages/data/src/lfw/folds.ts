import { OptionOutOfRangeError } from '@cf/core';
import type { Person } from './people.ts';

/**
 * Reads a choice of folds: `'1-9'`, `'10'`, `'1,3,5-7'`.
 *
 * @param total - how many folds there are.
 * @returns fold numbers from 1, ascending, each once.
 * @throws OptionOutOfRangeError when the text is malformed, a fold is not in [1, total], or a range falls.
 */
export function parseFolds(text: string, total = 10): readonly number[] {
  const numbers = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^\s*([0-9]{1,9})\s*(?:-\s*([0-9]{1,9})\s*)?$/.exec(part);
    if (match === null)
      throw foldsError(text, `numbers and ranges such as 1-9 or 1,3,5-7, not '${part.trim()}'`);
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (first < 1 || last > total) throw foldsError(text, `folds from 1 to ${total}`);
    if (first > last) throw foldsError(text, `a rising range, not '${part.trim()}'`);
    for (let fold = first; fold <= last; fold++) numbers.add(fold);
  }
  return [...numbers].sort((a, b) => a - b);
}

/** The names of everyone in the given folds, which count from 1. */
export function peopleOfFolds(
  folds: readonly (readonly Person[])[],
  numbers: readonly number[],
): ReadonlySet<string> {
  const names = new Set<string>();
  for (const number of numbers) {
    const people = folds[number - 1];
    if (people === undefined) throw foldsError(String(number), `folds from 1 to ${folds.length}`);
    for (const { name } of people) names.add(name);
  }
  return names;
}

function foldsError(text: string, expected: string): OptionOutOfRangeError {
  return new OptionOutOfRangeError(
    'folds',
    text,
    expected,
    'folds count from 1; the last is meant for the test.',
  );
}
