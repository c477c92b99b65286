import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LabelledEmbeddings, type RetrievalReport, retrieve } from './retrieve.ts';

const set = (
  rows: readonly (readonly number[])[],
  labels: readonly (number | string)[],
): LabelledEmbeddings => ({
  embeddings: Float32Array.from(rows.flat()),
  dim: rows[0]!.length,
  labels,
});

/** On a circle, by degrees. */
const circle = (degrees: readonly number[]): number[][] =>
  degrees.map((angle) => [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)]);

describe('by hand', () => {
  test('a query whose R nearest are right, wrong, right', () => {
    // From 0°: 10° is of its class, 20° is not, 30° is; R = 3, and the third of the class lies at 180°.
    const queries = set(circle([0]), ['a']);
    const references = set(circle([10, 20, 30, 180]), ['a', 'b', 'a', 'a']);
    expect(retrieve(queries, { references })).toEqual({
      queries: 1,
      lone: 0,
      precisionAt1: 1,
      rPrecision: 2 / 3,
      mapAtR: (1 + 2 / 3) / 3,
    });
  });

  test('no query finds itself, and one of a class of its own is left out', () => {
    const found = retrieve(set(circle([0, 1, 90, 91, 180]), [0, 0, 1, 1, 2]));
    expect(found).toEqual({ queries: 4, lone: 1, precisionAt1: 1, rPrecision: 1, mapAtR: 1 });
  });

  test('of equal cosines the first counts', () => {
    const references = set(
      [
        [2, 0],
        [1, 0],
      ],
      ['b', 'a'],
    );
    expect(retrieve(set([[1, 0]], ['a']), { references })).toMatchObject({ precisionAt1: 0, mapAtR: 0 });
  });
});

/** As the paper says it, without a heap, four at a time or blocks. */
function bruteForce({ embeddings, dim, labels }: LabelledEmbeddings): Omit<RetrievalReport, 'lone'> {
  const count = labels.length;
  const row = (i: number): number[] => Array.from(embeddings.subarray(i * dim, (i + 1) * dim));
  const dot = (a: number[], b: number[]): number => a.reduce((sum, x, k) => sum + x * b[k]!, 0);
  const unit = (x: number[]): number[] => x.map((value) => value / Math.sqrt(dot(x, x)));
  const units = Array.from({ length: count }, (_, i) => unit(row(i)));
  const each = units.flatMap((query, i) => {
    const others = units.flatMap((one, j) => (i === j ? [] : [{ j, cos: dot(query, one) }]));
    others.sort((a, b) => b.cos - a.cos || a.j - b.j);
    const isHit = others.map(({ j }) => labels[j] === labels[i]);
    const relevant = isHit.filter(Boolean).length;
    if (relevant === 0) return [];
    const precision = (k: number): number => isHit.slice(0, k).filter(Boolean).length / k;
    const average = isHit.slice(0, relevant).reduce((sum, hit, k) => sum + (hit ? precision(k + 1) : 0), 0);
    return [{ precisionAt1: precision(1), rPrecision: precision(relevant), mapAtR: average / relevant }];
  });
  const mean = (name: 'precisionAt1' | 'rPrecision' | 'mapAtR'): number =>
    each.reduce((sum, one) => sum + one[name], 0) / each.length;
  return {
    queries: each.length,
    precisionAt1: mean('precisionAt1'),
    rPrecision: mean('rPrecision'),
    mapAtR: mean('mapAtR'),
  };
}

const embeddings = fc
  .tuple(fc.integer({ min: 2, max: 23 }), fc.integer({ min: 2, max: 5 }))
  .chain(([count, dim]) =>
    fc.record({
      dim: fc.constant(dim),
      embeddings: fc
        .array(fc.integer({ min: 1, max: 1000 }), { minLength: count * dim, maxLength: count * dim })
        .map((values) => Float32Array.from(values, (value, at) => (at % 3 === 0 ? -value : value) / 37)),
      labels: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: count, maxLength: count }),
    }),
  )
  .filter(({ labels }) => new Set(labels).size < labels.length);

test('it is what the paper says, and the order of the three is that of their definitions', () => {
  fc.assert(
    fc.property(embeddings, (given) => {
      const found = retrieve(given);
      const expected = bruteForce(given);
      for (const name of ['queries', 'precisionAt1', 'rPrecision', 'mapAtR'] as const)
        expect(found[name]).toBeCloseTo(expected[name], 9);
      expect(found.queries + found.lone).toBe(given.labels.length);
      expect(found.mapAtR).toBeLessThanOrEqual(found.rPrecision + 1e-12);
    }),
    { seed: 1, numRuns: 60 },
  );
});

test('lengths of the embeddings do not matter, nor what classes are called', () => {
  const rows = circle([0, 40, 80, 120, 160, 200]);
  const scaled = rows.map((row, at) => row.map((value) => value * (at + 1) * 7));
  const [plain, named] = [
    retrieve(set(rows, [0, 1, 0, 1, 0, 1])),
    retrieve(set(scaled, ['x', 'y', 'x', 'y', 'x', 'y'])),
  ];
  expect(named).toEqual(plain);
});

test('progress is told', () => {
  const told: number[] = [];
  retrieve(set(circle([0, 1, 2, 3, 4, 5]), [0, 0, 0, 1, 1, 1]), { onProgress: (done) => told.push(done) });
  expect(told).toEqual([4, 6]);
});

test.each<[string, () => unknown, RegExp]>([
  ['no embedding', () => retrieve({ embeddings: new Float32Array(0), dim: 2, labels: [] }), /with 0 labels/],
  ['labels of another length', () => retrieve({ ...set(circle([0, 1]), [0]) }), /with 1 labels/],
  ['no class twice', () => retrieve(set(circle([0, 1]), [0, 1])), /no query of a class/],
  [
    'zeros',
    () =>
      retrieve(
        set(
          [
            [0, 0],
            [1, 0],
          ],
          [0, 0],
        ),
      ),
    /query 0/,
  ],
  [
    'NaN',
    () =>
      retrieve(
        set(
          [
            [1, 0],
            [Number.NaN, 0],
          ],
          [0, 0],
        ),
      ),
    /queries\[2\]/,
  ],
  [
    'another dim',
    () => retrieve(set(circle([0]), [0]), { references: set([[1, 0, 0]], [0]) }),
    /references of dim 3/,
  ],
])('%s is one clear error', (_, run, message) => {
  expect(run).toThrow(message);
});

test('labels are numbers, bigint or names, and queries and references need not have the same array', () => {
  const rows = circle([0, 10, 90, 100]);
  const queries = set(rows, [0, 0, 1, 1]);
  const expected = retrieve(queries, { references: set(rows, [0, 0, 1, 1]) });
  for (const labels of [BigInt64Array.of(0n, 0n, 1n, 1n), [0n, 0n, 1n, 1n], Float32Array.of(0, 0, 1, 1)])
    expect(retrieve({ ...queries, labels }, { references: queries })).toEqual(expected);
  // As numbers, which these would all be, they were one class.
  const large = [2n ** 60n, 2n ** 60n + 1n, 2n ** 60n, 2n ** 60n + 1n];
  expect(retrieve({ ...queries, labels: large }).precisionAt1).toBe(0);
  expect(() => retrieve(queries, { references: set(rows, ['0', '0', '1', '1']) })).toThrow(
    /no query of a class that is searched.*\n.*alike; these are numbers and names/s,
  );
});
