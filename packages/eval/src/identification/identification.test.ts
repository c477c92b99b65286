import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identificationIntervals } from '../bootstrap/identification-intervals.ts';
import { cmcChart } from '../charts/cmc-chart.ts';
import { createIdentityIndex } from '../search/identity-index.ts';
import { cosineSimilarity } from '../similarity/cosine-similarity.ts';
import { linePaths, svgProblem } from '../testing/svg.ts';
import { identify } from './identify.ts';
import { searchMates } from './search-mates.ts';

const DIM = 5;
/** Small whole numbers: cosines tie often. */
const row = fc
  .array(fc.integer({ min: -2, max: 2 }), { minLength: DIM, maxLength: DIM })
  .filter((values) => values.some((value) => value !== 0));
const people = (max: number) =>
  fc.array(fc.record({ row, name: fc.constantFrom('Ada', 'Bo', 'Cy', 'Di', 'Eve') }), {
    minLength: 1,
    maxLength: max,
  });
const rowsOf = (list: readonly { row: readonly number[]; name: string }[]) => ({
  embeddings: Float32Array.from(list.flatMap((one) => one.row)),
  identities: list.map(({ name }) => name),
});

describe('a search', () => {
  it('finds what comparing everything with everything finds', () => {
    fc.assert(
      fc.property(people(8), people(6), (known, probes) => {
        const { embeddings, identities } = rowsOf(probes);
        const found = searchMates(
          createIdentityIndex({ ...rowsOf(known), dim: DIM }),
          embeddings,
          identities,
        );
        for (const [n, probe] of probes.entries()) {
          const best = new Map<string, number>();
          for (const { name, row: other } of known) {
            const score = cosineSimilarity(probe.row, other);
            best.set(name, Math.max(best.get(name) ?? -2, score));
          }
          const mate = best.get(probe.name);
          expect(found.score[n]).toBeCloseTo(mate ?? Math.max(...best.values()), 14);
          const others = [...best].filter(([name]) => name !== probe.name).map(([, score]) => score);
          const before = (slack: number) => others.filter((score) => score > mate! + slack).length + 1;
          if (mate === undefined) expect(found.rank[n]).toBe(0);
          else {
            // A tie is a place lost; roundings may part ties.
            expect(found.rank[n]).toBeGreaterThanOrEqual(before(1e-12));
            expect(found.rank[n]).toBeLessThanOrEqual(before(-1e-12));
          }
        }
      }),
    );
  });

  it('knows people by number, bigint or name alike', () => {
    const embeddings = Float32Array.of(1, 0, 0, 1, 1, 1);
    const ways = [
      ['7', '8', '9'],
      [7, 8, 9],
      [7n, 8n, 9n],
      Float32Array.of(7, 8, 9),
      BigInt64Array.of(7n, 8n, 9n),
    ];
    const expected = { rank: Uint32Array.of(1, 1, 1), score: expect.any(Float64Array) };
    for (const identities of ways) {
      const gallery = createIdentityIndex({ embeddings, dim: 2, identities });
      expect(gallery.identities).toEqual(['7', '8', '9']);
      for (const others of ways) expect(searchMates(gallery, embeddings, others)).toEqual(expected);
    }
  });

  it('among equal scores finds nobody', () => {
    const embeddings = new Float32Array(8).fill(1);
    const gallery = createIdentityIndex({ embeddings, dim: 2, identities: ['a', 'b', 'c', 'd'] });
    expect([...searchMates(gallery, Float32Array.of(1, 1, 1, 0), ['a', 'x']).rank]).toEqual([4, 0]);
    expect(() => searchMates(gallery, Float32Array.of(1, 1), ['a', 'b'])).toThrow(
      /2 numbers .* 2 identities/,
    );
    expect(() => searchMates(gallery, Float32Array.of(0, 0), ['a'])).toThrow(/E_GALLERY|which is zero/);
    expect(() => searchMates(gallery, Float32Array.of(0, Number.NaN), ['a'])).toThrow(/probes\[1\] = NaN/);
  });
});

describe('identificationIntervals', () => {
  // 200 people of three searches each, four of five of them found; 50 strangers, five of them above everybody.
  const people = Array.from({ length: 600 }, (_, search) => Math.floor(search / 3));
  const strangers = Array.from({ length: 50 }, (_, n) => n);
  const outcomes = {
    rank: Uint32Array.from([...people.map((who) => (who % 5 === 0 ? 3 : 1)), ...strangers.map(() => 0)]),
    score: Float64Array.from([
      ...people.map((who) => (who % 5 === 0 ? 0.1 : 0.8)),
      ...strangers.map((n) => (n < 5 ? 0.9 : 0.2)),
    ]),
  };
  const identities = [...people, ...strangers.map((n) => `stranger ${n}`)];

  it('are as wide as a share of that many people has them, and hold what is found', () => {
    const options = { resamples: 500, fpirs: [0.2, 0.01] };
    const found = identificationIntervals(outcomes, identities, options);
    expect(found).toMatchObject({ units: 250, resamples: 500, rank5: { low: 1, high: 1 } });
    const width = 2 * 1.96 * Math.sqrt((0.8 * 0.2) / 200);
    const { low, high } = found.rank1!;
    expect((high - low) / width).toBeGreaterThan(0.85);
    expect((high - low) / width).toBeLessThan(1.15);
    expect(low < 0.8 && 0.8 < high).toBe(true);
    const [at, none] = found.fnirAtFpir;
    expect(at!.interval!.low < 0.2 && 0.2 < at!.interval!.high && at!.interval!.high < 0.3).toBe(true);
    expect(none!.interval).toBeNull();
    expect(identificationIntervals(outcomes, identities, options)).toEqual(found);
    // A mate after the only candidate is missed, as it was below the threshold before.
    expect(identificationIntervals(outcomes, identities, { ...options, candidates: 1 })).toEqual(found);
    expect(() => identificationIntervals(outcomes, ['a'])).toThrow(/1 identities, expected 650/);
  });
});

describe('identify', () => {
  // Ten strangers at 0.05, 0.15 … 0.95, and five searches for people who are known.
  const strangers = Array.from({ length: 10 }, (_, n) => (n + 0.5) / 10);
  const outcomes = {
    rank: Uint32Array.of(1, 1, 2, 6, 30, ...strangers.map(() => 0)),
    score: Float64Array.of(0.99, 0.9, 0.8, 0.97, 0.2, ...strangers),
  };

  it('counts by hand', () => {
    const found = identify(outcomes, { ranks: 6, fpirs: [0.1, 0.2, 0.01] });
    expect(found).toMatchObject({ mated: 5, nonMated: 10, rank1: 2 / 5, rank5: 3 / 5 });
    expect(found.cmc).toEqual([2, 3, 3, 3, 3, 4].map((count) => count / 5));
    // One stranger of ten may be found: all thresholds above 0.85 will do, two above 0.75.
    expect(found.fnirAtFpir.map(({ fnir }) => fnir?.toFixed(12))).toEqual([
      '0.400000000000',
      '0.200000000000',
      undefined,
    ]);
    expect(found.fnirAtFpir[2]).toMatchObject({
      status: 'too few non-mated searches',
      required: 100,
      threshold: null,
    });
    // Of one candidate only those who are first are found.
    expect(identify(outcomes, { candidates: 1, fpirs: [0.2] }).fnirAtFpir[0]!.fnir).toBeCloseTo(3 / 5, 12);
    expect(identify(outcomes).cmc).toHaveLength(20);
  });

  it('its thresholds do what they say', () => {
    const number = fc.integer({ min: -9, max: 9 }).map((n) => n / 9);
    const searches = fc.array(fc.tuple(fc.nat({ max: 4 }), number), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(searches, fc.constantFrom(1, 2, 9), (list, candidates) => {
        fc.pre(list.some(([rank]) => rank > 0));
        const [rank, score] = [list.map(([place]) => place), list.map(([, value]) => value)];
        const given = { rank: Uint32Array.from(rank), score: Float64Array.from(score) };
        const { fnirAtFpir, roc, mated, nonMated } = identify(given, { candidates, fpirs: [0.5, 0.1] });
        for (const { fpir, fnir, threshold } of fnirAtFpir) {
          if (fnir === null) continue;
          expect(
            list.filter(([place, s]) => place === 0 && s >= threshold!).length / nonMated,
          ).toBeLessThanOrEqual(fpir);
          const hit = list.filter(([place, s]) => place > 0 && place <= candidates && s >= threshold!).length;
          expect(1 - fnir).toBeCloseTo(hit / mated, 12);
        }
        for (const { far, tar } of roc) expect(far >= 0 && far <= 1 && tar >= 0 && tar <= 1).toBe(true);
      }),
    );
  });

  it('without a mated search says so; without strangers there is no open set', () => {
    expect(() => identify({ rank: Uint32Array.of(0), score: Float64Array.of(1) })).toThrow(/no mated search/);
    const closed = identify({ rank: Uint32Array.of(1), score: Float64Array.of(1) });
    expect(closed.roc).toEqual([]);
    expect(closed.fnirAtFpir.every(({ fnir }) => fnir === null)).toBe(true);
    expect(JSON.parse(JSON.stringify(closed))).toEqual(closed);
    expect(() => identify({ rank: Uint32Array.of(1), score: Float64Array.of(Number.NaN) })).toThrow(
      /score\[0\]/,
    );
    expect(() => identify(outcomes, { ranks: 0 })).toThrow(/ranks = 0/);
    expect(() => identify(outcomes, { fpirs: [0] })).toThrow(/fpirs\[0\] = 0, expected 0 < far/);
  });

  it('is drawn', async () => {
    const series = [
      { name: 'a', cmc: [0.4, 0.6, 0.8] },
      { name: 'b', cmc: [0.3] },
    ];
    const svg = await cmcChart({ title: 'CMC', series });
    expect(svgProblem(svg)).toBeUndefined();
    expect(linePaths(svg).length).toBeGreaterThan(0);
    for (const text of ['rank', 'identification rate']) expect(svg).toContain(`>${text}</text>`);
  });
});
