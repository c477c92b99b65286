import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readDraws } from './draws.ts';

/** What a law is tried on that asks for this. */
function cases(parameters?: fc.Parameters<unknown>): number[] {
  const seen: number[] = [];
  const property = fc.property(fc.integer(), (value) => void seen.push(value));
  fc.assert(property as fc.IProperty<unknown>, parameters);
  return seen;
}

test('laws are tried on the cases of the seed that this run has', () => {
  expect(cases({ numRuns: 5 })).toEqual(cases({ numRuns: 5, seed: readDraws().seed }));
  expect(cases({ numRuns: 5 })).not.toEqual(cases({ numRuns: 5, seed: readDraws().seed + 1 }));
});

test('as often as the law asks for, times the factor of this run', () => {
  const { times } = readDraws();
  expect(cases()).toHaveLength(100 * times);
  expect(cases({ numRuns: 7 })).toHaveLength(7 * times);
});

test('the environment gives seed and factor', () => {
  expect(readDraws({})).toEqual({ seed: 1, times: 1 });
  expect(readDraws({ CF_SEED: '-12', CF_RUNS: '15' })).toEqual({ seed: -12, times: 15 });
});

test.each([
  [{ CF_SEED: 'x' }, "CF_SEED is a whole number of 32 bits, not 'x'"],
  [{ CF_SEED: '4294967296' }, 'CF_SEED'],
  [{ CF_RUNS: '0' }, "CF_RUNS is a positive whole number, not '0'"],
  [{ CF_RUNS: '1.5' }, 'CF_RUNS'],
])('%j is refused', (environment, message) => {
  expect(() => readDraws(environment)).toThrow(message);
});
