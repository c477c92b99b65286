import { createRandom, type FloatArray, type HeadInput, type HeadOutput } from '@cf/core';
import fc from 'fast-check';
import { kinkDistance } from '../oracle/kink-distance.ts';
import { randomRotation } from '../problems/problem.ts';
import { type Law, problemLaw, requireClose, requireSameOutput, stepOnce } from './law.ts';
import { naturalGradientScales } from './tolerances.ts';

const OFF_KINKS = 1e-5;

/** Renumbering the classes renumbers ∂W and ∂b and changes nothing else. */
export const classPermutation: Law = problemLaw(
  'the order of the classes does not matter (away from ties and from the mask, without a table of classes)',
  async (trial) => {
    const { backend, loss, input, spec } = trial;
    fc.pre(kinkDistance(loss, input) > OFF_KINKS);
    const classes = input.weights.length / input.dim;
    const order = permutation(classes, spec.seed);
    const place = inverse(order);
    const permuted: HeadInput = {
      ...input,
      weights: permuteRows(input.weights, order, input.dim),
      labels: Array.from(input.labels, (label) => place[label]!),
      ...(input.bias === undefined ? {} : { bias: permuteBias(input.bias, order) }),
    };
    const expected = await stepOnce(backend, loss, input);
    const actual = await stepOnce(backend, loss, permuted);
    requireSameOutput(trial, actual, {
      ...expected,
      gradWeights: permuteRows(expected.gradWeights, order, input.dim),
      gradBias: expected.gradBias && permuteBias(expected.gradBias, order),
    });
  },
  { holdsFor: (_, { classValues }) => Object.keys(classValues).length === 0 },
);

/** Reordering the samples reorders ∂X and changes nothing else; draws follow their sample's key. */
export const batchPermutation: Law = problemLaw(
  'the order of the samples does not matter (away from ties and from the mask; the released ElasticFace+ assigns by position and is left out)',
  async (trial) => {
    const { backend, loss, input, spec } = trial;
    fc.pre(kinkDistance(loss, input) > OFF_KINKS);
    const order = permutation(input.labels.length, spec.seed);
    const keyed = { ...input, sampleKeys: Array.from(input.labels, (_, i) => 100 + i) };
    const permuted: HeadInput = {
      ...keyed,
      embeddings: permuteRows(input.embeddings, order, input.dim),
      labels: order.map((i) => input.labels[i]!),
      sampleKeys: order.map((i) => 100 + i),
    };
    const expected = await stepOnce(backend, loss, keyed);
    const actual = await stepOnce(backend, loss, permuted);
    requireSameOutput(trial, actual, {
      ...expected,
      losses: permuteRows(expected.losses, order, 1),
      gradEmbeddings: permuteRows(expected.gradEmbeddings, order, input.dim),
    });
  },
  { holdsFor: ({ name }) => !name.includes('+ released') },
);

/** Only angles and norms count: turning X and W together turns the gradients along. */
export const rotation: Law = problemLaw(
  'a rotation of X and W together turns the gradients and changes nothing else (off the kinks)',
  async (trial) => {
    const { backend, loss, input, spec } = trial;
    fc.pre(kinkDistance(loss, input) > OFF_KINKS);
    const turn = randomRotation(input.dim, spec.seed);
    const expected = await stepOnce(backend, loss, input);
    const actual = await stepOnce(backend, loss, {
      ...input,
      embeddings: multiply(input.embeddings, turn, input.dim),
      weights: multiply(input.weights, turn, input.dim),
    });
    requireSameOutput(
      trial,
      actual,
      {
        ...expected,
        gradEmbeddings: multiply(expected.gradEmbeddings, turn, input.dim),
        gradWeights: multiply(expected.gradWeights, turn, input.dim),
      },
      2,
    );
  },
);

/** The tile is a matter of memory, not of results. */
export const tileInvariance: Law = problemLaw(
  'the size of a tile does not matter (float64: to 1e-12 of the natural scale)',
  async (trial) => {
    const { backend, loss, input, spec } = trial;
    const whole = await stepOnce(backend, loss, input, { tileSize: input.weights.length / input.dim });
    const tiled = await stepOnce(backend, loss, input, { tileSize: 1 + (spec.seed % 5) });
    if (backend.precision === 'float64') {
      const scales = naturalGradientScales(loss, input);
      requireClose('loss', [tiled.loss], [whole.loss], 1e-12 * Math.max(1, whole.loss));
      requireClose('gradEmbeddings', tiled.gradEmbeddings, whole.gradEmbeddings, 1e-12 * scales.embeddings);
      requireClose('gradWeights', tiled.gradWeights, whole.gradWeights, 1e-12 * scales.weights);
    } else requireSameOutput(trial, tiled, whole);
  },
);

/** Lengths of class centers never count where they are normalised, lengths of embeddings only where the loss looks at them. */
export const scaleInvariance: Law = problemLaw(
  'rescaled class centers give the same losses (not softmax), rescaled embeddings too (cosine losses whose margin does not follow the norm), and gradients shrink in proportion',
  async (trial) => {
    const { backend, loss, input, specimen, spec } = trial;
    fc.pre(kinkDistance(loss, input) > OFF_KINKS);
    const random = createRandom(spec.seed + 3);
    // Powers of two: the rescaled numbers are exact in every precision.
    const factors = (count: number): number[] =>
      Array.from({ length: count }, () => 2 ** Math.floor(7 * random.uniform() - 3));
    const classes = input.weights.length / input.dim;
    const ofW = factors(classes);
    const ofX = specimen.dependsOnNorm
      ? new Array<number>(input.labels.length).fill(1)
      : factors(input.labels.length);
    const expected = await stepOnce(backend, loss, input);
    const actual = await stepOnce(backend, loss, {
      ...input,
      embeddings: scaleRows(input.embeddings, ofX, input.dim),
      weights: scaleRows(input.weights, ofW, input.dim),
    });
    const restored: HeadOutput = {
      ...actual,
      gradEmbeddings: scaleRows(actual.gradEmbeddings, ofX, input.dim),
      gradWeights: scaleRows(actual.gradWeights, ofW, input.dim),
    };
    requireSameOutput(trial, restored, expected);
  },
  { holdsFor: (_, loss) => loss.geometry !== 'inner' },
);

/** What is normalised can't be moved along itself. */
export const tangentGradients: Law = problemLaw(
  '⟨w_j, ∂w_j⟩ = 0 (not softmax) and ⟨x_i, ∂x_i⟩ = 0 (not softmax, SphereFace, MagFace)',
  async ({ backend, loss, input, specimen }) => {
    fc.pre(kinkDistance(loss, input) > OFF_KINKS);
    const output = await stepOnce(backend, loss, input);
    const scales = naturalGradientScales(loss, input);
    const unit = scales.unit(backend);
    requireOrthogonal('w', input.weights, output.gradWeights, input.dim, unit * scales.weights);
    if (!specimen.radialGradient)
      requireOrthogonal('x', input.embeddings, output.gradEmbeddings, input.dim, unit * scales.embeddings);
  },
  { holdsFor: (_, loss) => loss.geometry !== 'inner' },
);

/** Adding a constant to all logits of a row changes nothing. */
export const logitGradientsSumToZero: Law = problemLaw(
  'Σ_j ∂L/∂z_j = 0 on the final logits of a softmax, for every loss and every G',
  async ({ backend, loss, input }) => {
    const { inspection } = await stepOnce(backend, loss, input, { inspect: true });
    if (inspection === undefined) throw new Error('inspection was asked for and is missing');
    const classes = input.weights.length / input.dim;
    const tolerance = naturalGradientScales(loss, input).unit(backend);
    for (let i = 0; i < input.labels.length; i++) {
      let sum = 0;
      for (let j = 0; j < classes; j++) sum += inspection.gradLogits[i * classes + j]!;
      requireClose(`Σ_j ∂L/∂z_${i}j`, [sum], [0], tolerance);
    }
  },
  { holdsFor: (_, { objective }) => objective.kind === 'softmax' },
);

function requireOrthogonal(
  name: string,
  rows: FloatArray,
  gradients: FloatArray,
  dim: number,
  tolerance: number,
): void {
  for (let r = 0; r < rows.length / dim; r++) {
    let along = 0;
    let squares = 0;
    for (let k = 0; k < dim; k++) {
      along += rows[r * dim + k]! * gradients[r * dim + k]!;
      squares += rows[r * dim + k]! ** 2;
    }
    requireClose(`⟨${name}, ∂${name}⟩/‖${name}‖ of row ${r}`, [along / Math.sqrt(squares)], [0], tolerance);
  }
}

function permutation(count: number, seed: number): number[] {
  const random = createRandom(seed + 4);
  const keys = Array.from({ length: count }, () => random.uniform());
  return keys.map((_, i) => i).sort((a, b) => keys[a]! - keys[b]!);
}

function inverse(order: readonly number[]): number[] {
  const out: number[] = [];
  order.forEach((from, to) => {
    out[from] = to;
  });
  return out;
}

function permuteRows(rows: FloatArray, order: readonly number[], dim: number): Float64Array {
  return Float64Array.from(
    { length: rows.length },
    (_, i) => rows[order[Math.floor(i / dim)]! * dim + (i % dim)]!,
  );
}

/** One that all classes share stays where it is. */
function permuteBias(bias: FloatArray, order: readonly number[]): FloatArray {
  return bias.length === order.length ? permuteRows(bias, order, 1) : bias;
}

function scaleRows(rows: FloatArray, factors: readonly number[], dim: number): Float64Array {
  return Float64Array.from({ length: rows.length }, (_, i) => rows[i]! * factors[Math.floor(i / dim)]!);
}

function multiply(rows: FloatArray, turn: Float64Array, dim: number): Float64Array {
  return Float64Array.from({ length: rows.length }, (_, i) => {
    const r = Math.floor(i / dim) * dim;
    let sum = 0;
    for (let k = 0; k < dim; k++) sum += rows[r + k]! * turn[k * dim + (i % dim)]!;
    return sum;
  });
}
