import { type BiasParameter, createRandom, type HeadInput, type MarginLoss, type Random } from '@cf/core';
import fc from 'fast-check';

/** How embeddings stand to the class centers: as at the start, midway, near their own, near a wrong one. */
export type Regime = 'init' | 'mid' | 'late' | 'wrong';

/** A problem in the few numbers that it is made from, so that a counterexample reads as one line. */
export interface ProblemSpec {
  readonly seed: number;
  readonly batch: number;
  readonly dim: number;
  readonly classes: number;
  readonly regime: Regime;
}

/** Bounds on the problems to try. */
export interface ProblemBounds {
  readonly minBatch?: number;
  readonly minClasses?: number;
  readonly regimes?: readonly Regime[];
}

/** Problems of odd and even shapes, smallest first when shrinking. */
export function problemSpecs(bounds: ProblemBounds = {}): fc.Arbitrary<ProblemSpec> {
  const { minBatch = 1, minClasses = 1, regimes = ['init', 'mid', 'late', 'wrong'] } = bounds;
  const sizes = (least: number, ...values: number[]): fc.Arbitrary<number> =>
    fc.constantFrom(...values.filter((value) => value >= least));
  return fc.record({
    seed: fc.integer({ min: 1, max: 1e9 }),
    batch: sizes(minBatch, 1, 2, 3, 7, 9),
    dim: fc.constantFrom(2, 3, 7, 16),
    classes: sizes(minClasses, 1, 2, 3, 7, 11, 41),
    regime: fc.constantFrom(...regimes),
  });
}

/**
 * The batch of a specification. Numbers are rounded to float32, so that every backend is given the same ones.
 */
export function buildProblem(spec: ProblemSpec, loss: MarginLoss, subCenters = 1): HeadInput {
  const { batch, dim, classes } = spec;
  const rows = classes * subCenters;
  const random = createRandom(spec.seed);
  const labels = Int32Array.from({ length: batch }, () => Math.floor(random.uniform() * classes));
  const weights = matrix(rows, dim, () => random.normal());
  for (let j = 0; j < rows; j++)
    scaleRow(weights, j, dim, (0.3 + 2 * random.uniform()) / rowNorm(weights, j, dim));
  const embeddings = new Float64Array(batch * dim);
  for (let i = 0; i < batch; i++) {
    const center = centerOf(spec, labels[i]!, weights, random, subCenters);
    const noise = Array.from({ length: dim }, () => random.normal() / Math.sqrt(dim));
    for (let k = 0; k < dim; k++) embeddings[i * dim + k] = center[k]! + noise[k]! * NOISE[spec.regime];
    // Norms that reach past MagFace's and AdaFace's clamps on both sides.
    scaleRow(embeddings, i, dim, (5 + 20 * random.uniform()) / Math.max(rowNorm(embeddings, i, dim), 1e-6));
    if (loss.geometry !== 'cosine') scaleRow(embeddings, i, dim, 0.2);
  }
  return {
    embeddings: embeddings.map(Math.fround),
    weights: weights.map(Math.fround),
    labels,
    dim,
    ...(loss.bias ? { bias: biasOf(loss.bias, classes, random) } : {}),
  };
}

/** Near where it starts. */
function biasOf({ of, start }: BiasParameter, classes: number, random: Random): Float64Array {
  const from = start(classes);
  return matrix(of === 'all classes' ? 1 : classes, 1, () => Math.fround(from + random.normal()));
}

const NOISE: Readonly<Record<Regime, number>> = { init: 1, mid: 0.7, late: 0.15, wrong: 0.4 };

function centerOf(
  spec: ProblemSpec,
  label: number,
  weights: Float64Array,
  random: Random,
  subCenters: number,
): number[] {
  const { dim, classes, regime } = spec;
  if (regime === 'init') return new Array<number>(dim).fill(0);
  const opposite = regime === 'wrong' && random.uniform() < 0.5;
  const other = regime === 'wrong' && !opposite ? Math.floor(random.uniform() * classes) : label;
  const row = other * subCenters + (subCenters === 1 ? 0 : Math.floor(subCenters * random.uniform()));
  const norm = rowNorm(weights, row, dim);
  return Array.from({ length: dim }, (_, k) => ((opposite ? -1 : 1) * weights[row * dim + k]!) / norm);
}

/** A random orthogonal matrix [dim, dim], by Gram–Schmidt on normal rows (twice: once loses digits on near-parallel rows). */
export function randomRotation(dim: number, seed: number): Float64Array {
  const random = createRandom(seed);
  const out = matrix(dim, dim, () => random.normal());
  for (let r = 0; r < dim; r++) {
    for (let pass = 0; pass < 2 * r; pass++) {
      const q = pass % r;
      let along = 0;
      for (let k = 0; k < dim; k++) along += out[r * dim + k]! * out[q * dim + k]!;
      for (let k = 0; k < dim; k++) out[r * dim + k]! -= along * out[q * dim + k]!;
    }
    scaleRow(out, r, dim, 1 / rowNorm(out, r, dim));
  }
  return out;
}

function matrix(rows: number, columns: number, fill: () => number): Float64Array {
  return Float64Array.from({ length: rows * columns }, fill);
}

/** ‖row r‖. */
export function rowNorm(values: ArrayLike<number>, r: number, dim: number): number {
  let squares = 0;
  for (let k = 0; k < dim; k++) squares += values[r * dim + k]! ** 2;
  return Math.sqrt(squares);
}

function scaleRow(values: Float64Array, r: number, dim: number, factor: number): void {
  for (let k = 0; k < dim; k++) values[r * dim + k]! *= factor;
}
