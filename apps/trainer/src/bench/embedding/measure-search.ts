import { createRandom, type Random } from '@cf/core';
import { createIdentityIndex, type IdentityIndex, impostorThreshold, search, verify } from '@cf/eval';
import { median } from '../timing.ts';

/** What is searched. */
export interface SearchTask {
  /** Pictures that are known, of drawn numbers, four of each identity. */
  readonly rows: number;
  readonly dim: number;
  /** Times that each is measured; the middle one is told. */
  readonly runs: number;
  /** Whether the threshold of a false accept rate is found from the gallery's impostor pairs too. */
  readonly threshold: boolean;
  /** Scored pairs to measure, half of them genuine; 0 for none. */
  readonly pairs: number;
}

/** Milliseconds on one thread. */
export interface SearchMeasurement extends SearchTask {
  /** To make the index: every row is looked at once. */
  readonly indexMs: number;
  /** To search for one picture. */
  readonly oneMs: number;
  /** For each of four that are searched for together. */
  readonly eachOfFourMs: number;
  readonly thresholdOf?: { readonly impostorPairs: number; readonly seconds: number };
  /** Of `verify` with the corners of the ROC, in one fold. */
  readonly verifySeconds?: number;
}

/** Numbers that are drawn once, and repeated from there on at other places. */
const DRAWN = 65_537;

/** Measures a search over drawn embeddings. */
export function measureSearch({ rows, dim, runs, threshold, pairs }: SearchTask): SearchMeasurement {
  const random = createRandom('search');
  const drawn = Float32Array.from({ length: DRAWN }, () => random.normal());
  const embeddings = new Float32Array(rows * dim);
  for (let at = 0; at < embeddings.length; at += DRAWN)
    embeddings.set(drawn.subarray(0, Math.min(DRAWN, embeddings.length - at)), at);
  const identities = Array.from({ length: rows }, (_, row) => `${row >> 2}`);
  const started = performance.now();
  const index = createIdentityIndex({ embeddings, dim, identities });
  const indexMs = performance.now() - started;
  const probes = Float32Array.from({ length: 4 * dim }, () => random.normal());
  const timeOf = (count: number): number => {
    const times = Array.from({ length: runs + 1 }, () => {
      const from = performance.now();
      search(index, probes.subarray(0, count * dim));
      return performance.now() - from;
    });
    // The first one compiles.
    return median(times.slice(1));
  };
  return {
    ...{ rows, dim, runs, threshold, pairs, indexMs },
    oneMs: timeOf(1),
    eachOfFourMs: timeOf(4) / 4,
    ...(threshold && { thresholdOf: thresholdOf(index) }),
    ...(pairs > 0 && { verifySeconds: verifySeconds(pairs, random) }),
  };
}

function thresholdOf(index: IdentityIndex): NonNullable<SearchMeasurement['thresholdOf']> {
  const started = performance.now();
  const { impostorPairs } = impostorThreshold(index, { far: 1e-3 });
  return { impostorPairs, seconds: (performance.now() - started) / 1000 };
}

/** Scores are normal, those of genuine pairs higher. */
function verifySeconds(pairs: number, random: Random): number {
  const same = Uint8Array.from({ length: pairs }, (_, pair) => pair % 2);
  const scores = Float64Array.from(same, (label) => random.normal() + 2 * label);
  const started = performance.now();
  verify({ scores, same, roc: 'corners' });
  return (performance.now() - started) / 1000;
}

/** The measurement as lines. */
export function formatSearch({
  rows,
  dim,
  pairs,
  indexMs,
  oneMs,
  eachOfFourMs,
  thresholdOf: found,
  verifySeconds: verified,
}: SearchMeasurement): string {
  const ms = (value: number): string => `${value < 10 ? value.toPrecision(2) : value.toFixed(0)} ms`;
  return [
    `${rows.toLocaleString('en')} × ${dim} numbers, made ready in ${ms(indexMs)}`,
    `one picture: ${ms(oneMs)}; each of four together: ${ms(eachOfFourMs)}`,
    ...(found === undefined
      ? []
      : [
          `threshold of ${found.impostorPairs.toLocaleString('en')} impostor pairs: ${found.seconds.toFixed(1)} s`,
        ]),
    ...(verified === undefined
      ? []
      : [`figures of ${pairs.toLocaleString('en')} scored pairs: ${verified.toFixed(1)} s`]),
  ].join('\n');
}
