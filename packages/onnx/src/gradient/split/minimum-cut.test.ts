import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Edge, minimumCut } from './minimum-cut.ts';

const VERTICES = 6;
const [SOURCE, SINK] = [0, 1];
const vertex = fc.integer({ min: 0, max: VERTICES - 1 });
const capacity = fc.oneof(
  { weight: 4, arbitrary: fc.nat(9) },
  { weight: 1, arbitrary: fc.constant(Infinity) },
);
const edges: fc.Arbitrary<Edge[]> = fc.array(fc.record({ from: vertex, to: vertex, capacity }), {
  maxLength: 14,
});

function capacityOf(network: readonly Edge[], sinkSide: ReadonlySet<number>): number {
  return network
    .filter(({ from, to }) => !sinkSide.has(from) && sinkSide.has(to))
    .reduce((sum, edge) => sum + edge.capacity, 0);
}

/** Every set of vertices with the sink and without the source. */
function allSides(): readonly ReadonlySet<number>[] {
  const others = Array.from({ length: VERTICES }, (_, i) => i).filter((i) => i !== SOURCE && i !== SINK);
  return Array.from(
    { length: 2 ** others.length },
    (_, bits) => new Set([SINK, ...others.filter((_, i) => bits & (1 << i))]),
  );
}

test('no cut has less capacity, and of those that have as little none is nearer to the sink', () => {
  fc.assert(
    fc.property(edges, (network) => {
      const capacities = allSides().map((side) => capacityOf(network, side));
      const least = Math.min(...capacities);
      const side = minimumCut(VERTICES, network, SOURCE, SINK);
      if (least === Infinity) {
        expect(side).toBeUndefined();
        return;
      }
      expect(capacityOf(network, side!)).toBe(least);
      allSides().forEach((other, i) => {
        if (capacities[i] === least) expect([...side!].every((v) => other.has(v))).toBe(true);
      });
    }),
    { numRuns: 500 },
  );
});
