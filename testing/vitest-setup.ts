import type { Parameters } from 'fast-check';
import { vi } from 'vitest';
import { readDraws } from './draws.ts';

const { seed, times } = readDraws();

/** What a law asks for, as many times over as this run wants. */
function multiplied<T>(parameters: Parameters<T> = {}): Parameters<T> {
  return { ...parameters, numRuns: times * (parameters.numRuns ?? 100) };
}

// Every use of fast-check by a test, and by the sources that it loads, goes through here.
vi.mock(import('fast-check'), async (load) => {
  const original = await load();
  original.configureGlobal({ seed });
  const wrapped = {
    ...original,
    assert: (property, parameters) => original.assert(property, multiplied(parameters)),
    check: (property, parameters) => original.check(property, multiplied(parameters)),
  } as typeof original;
  return { ...wrapped, default: wrapped } as typeof original;
});
