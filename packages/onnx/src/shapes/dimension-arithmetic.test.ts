import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addDimensions,
  ceilDivide,
  dimensionAt,
  divideDimensions,
  floorDivide,
  multiplyDimensions,
  subtractDimensions,
} from './dimension-arithmetic.ts';

test.each([
  [addDimensions('N', 1), 'N+1'],
  [addDimensions('N', 'N'), '2*N'],
  [subtractDimensions('N+1', 1), 'N'],
  [subtractDimensions('N', 'N'), 0],
  [multiplyDimensions('N', 4), '4*N'],
  [multiplyDimensions('P', 'N'), 'N*P'],
  [multiplyDimensions('N+1', 'N-1'), 'N*N-1'],
  [divideDimensions('4*N', 'N'), 4],
  [divideDimensions('4*N+4', 'N+1'), 4],
  [divideDimensions('N*P+P', 'N+1'), 'P'],
  [divideDimensions('N', 2), undefined],
  [divideDimensions('N', 0), undefined],
  [floorDivide('4*N+3', 4), 'N'],
  [floorDivide('H-1', 2), 'floor((H+1)/2)-1'],
  [ceilDivide('H', 2), 'floor((H+1)/2)'],
  [subtractDimensions(addDimensions('dim 0', 1), 1), 'dim 0'],
  [multiplyDimensions('a*(b', 2), '2*"a*(b"'],
  [divideDimensions(multiplyDimensions('"\\q', 2), 2), '"\\q'],
])('%s is %s', (given, expected) => expect(given).toBe(expected));

test.each([
  [7, 7],
  [undefined, 32],
  ['N', 32],
  ['49*N', 49 * 32],
  ['N*P-3', 32 * 32 - 3],
  ['floor((H+1)/2)-1', 15],
  [multiplyDimensions(floorDivide(addDimensions(floorDivide('H+1', 2), 3), 4), '2*N'), 2 * 4 * 32],
])('%s is %s where every symbol is 32', (dim, expected) => expect(dimensionAt(dim, 32)).toBe(expected));

test('what is added, or multiplied by, is taken away again, whatever a symbol is called', () => {
  const symbol = fc.string({ minLength: 1, maxLength: 8 }).filter((text) => !/^[-\d+*]/.test(text));
  fc.assert(
    fc.property(symbol, symbol, fc.integer({ min: 1, max: 9 }), (a, b, n) => {
      const sum = addDimensions(multiplyDimensions(a, n), b);
      expect(subtractDimensions(sum, b)).toBe(multiplyDimensions(a, n));
      expect(divideDimensions(multiplyDimensions(a, b), b)).toBe(a);
    }),
  );
});
