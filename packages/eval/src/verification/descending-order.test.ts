import fc from 'fast-check';
import { expect, it } from 'vitest';
import { descendingOrder } from './descending-order.ts';

const numbers = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 1, -1, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE),
);

it('is the order of a stable sort that compares', () => {
  fc.assert(
    fc.property(fc.array(numbers, { maxLength: 40 }), (values) => {
      const expected = values.map((_, i) => i).sort((a, b) => values[b]! - values[a]! || 0);
      // Differences may overflow or vanish; comparing does neither.
      expected.sort((a, b) => (values[a] === values[b] ? a - b : values[a]! > values[b]! ? -1 : 1));
      expect([...descendingOrder(Float64Array.from(values))]).toEqual(expected);
    }),
  );
});
