import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planMemory, Storage, type TakeOver } from './storage.ts';

interface Life {
  readonly bytes: number;
  readonly first: number;
  readonly length: number;
}

const life = fc.record({
  bytes: fc.integer({ min: 1, max: 5000 }),
  first: fc.nat(30),
  length: fc.nat(10),
});

function stored({ bytes, first, length }: Life): Storage {
  const storage = new Storage(bytes, false);
  storage.touch(first);
  storage.touch(first + length);
  return storage;
}

const end = (one: Storage): number => one.offset + one.bytes;
const meet = (a: Storage, b: Storage): boolean => a.first <= b.last && b.first <= a.last;

test('what lives at the same time does not overlap, and all lies inside', () => {
  fc.assert(
    fc.property(fc.array(life, { minLength: 1, maxLength: 30 }), (lives) => {
      const storages = lives.map(stored);
      const bytes = planMemory(storages, []);
      for (const [i, a] of storages.entries()) {
        expect(end(a)).toBeLessThanOrEqual(bytes);
        expect(a.offset % 256).toBe(0);
        for (const b of storages.slice(i + 1))
          if (meet(a, b)) expect(end(a) <= b.offset || end(b) <= a.offset).toBe(true);
      }
    }),
  );
});

test('a chain of values takes the memory of two', () => {
  const storages = Array.from({ length: 40 }, (_, i) => stored({ bytes: 1000, first: i, length: 1 }));
  expect(planMemory(storages, [])).toBe(2048);
});

test('a result takes over the memory of a source that ends there, and of no other', () => {
  const chain = Array.from({ length: 5 }, (_, i) => stored({ bytes: 1000, first: i, length: 1 }));
  const takeOvers: TakeOver[] = chain
    .slice(1)
    .map((result, i) => ({ operation: i + 1, source: chain[i]!, result }));
  expect(planMemory(chain, takeOvers)).toBe(1024);
  expect(chain.every((one) => one.root() === chain[0])).toBe(true);
  // Read once more after that operation, of another size, or the caller's.
  for (const source of [
    stored({ bytes: 1000, first: 0, length: 5 }),
    stored({ bytes: 999, first: 0, length: 1 }),
    Object.assign(new Storage(1000, true), { first: 0, last: 1 }),
  ]) {
    const result = stored({ bytes: 1000, first: 1, length: 1 });
    planMemory([source, result], [{ operation: 1, source, result }]);
    expect(result.root()).toBe(result);
  }
});
