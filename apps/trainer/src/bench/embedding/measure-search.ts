import { createRandom } from '@cf/core';
import { createIdentityIndex, search } from '@cf/eval';
import { median } from '../timing.ts';

/** What is searched. */
export interface SearchTask {
  /** Pictures that are known, of drawn numbers, four of each identity. */
  readonly rows: number;
  readonly dim: number;
  /** Times that each is measured; the middle one is told. */
  readonly runs: number;
}

/** Milliseconds on one thread. */
export interface SearchMeasurement extends SearchTask {
  /** To make the index: every row is looked at once. */
  readonly indexMs: number;
  /** To search for one picture. */
  readonly oneMs: number;
  /** For each of four that are searched for together. */
  readonly eachOfFourMs: number;
}

/** Numbers that are drawn once, and repeated from there on at other places. */
const DRAWN = 65_537;

/** Measures a search over drawn embeddings. */
export function measureSearch({ rows, dim, runs }: SearchTask): SearchMeasurement {
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
  return { rows, dim, runs, indexMs, oneMs: timeOf(1), eachOfFourMs: timeOf(4) / 4 };
}

/** The measurement as lines. */
export function formatSearch({ rows, dim, indexMs, oneMs, eachOfFourMs }: SearchMeasurement): string {
  const ms = (value: number): string => `${value < 10 ? value.toPrecision(2) : value.toFixed(0)} ms`;
  return [
    `${rows.toLocaleString('en')} × ${dim} numbers, made ready in ${ms(indexMs)}`,
    `one picture: ${ms(oneMs)}; each of four together: ${ms(eachOfFourMs)}`,
  ].join('\n');
}
