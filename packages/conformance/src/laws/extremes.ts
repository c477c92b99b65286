import {
  type BiasParameter,
  createRandom,
  type HeadInput,
  type HeadOutput,
  type MarginLoss,
  referenceStep,
} from '@cf/core';
import fc from 'fast-check';
import { type Law, lossLaw, requireClose, stepOnce } from './law.ts';
import { naturalGradientScales } from './tolerances.ts';

interface ExtremeSpec {
  readonly seed: number;
  readonly batch: number;
  readonly dim: number;
  readonly classes: number;
  readonly scale: number;
}

const extremeSpecs: fc.Arbitrary<ExtremeSpec> = fc.record({
  seed: fc.integer({ min: 1, max: 1e9 }),
  batch: fc.constantFrom(1, 2, 7),
  dim: fc.constantFrom(1, 2, 7),
  classes: fc.constantFrom(1, 2, 7),
  scale: fc.constantFrom(1, 64, 1024),
});

/** Embeddings equal or opposite to a class center, or zero; class centers zero now and then. */
function extremeProblem(spec: ExtremeSpec, loss: MarginLoss): HeadInput {
  const random = createRandom(spec.seed);
  const { batch, dim, classes } = spec;
  const weights = Float64Array.from({ length: classes * dim }, () => Math.fround(random.normal()));
  for (let j = 0; j < classes; j++) if (random.uniform() < 0.15) weights.fill(0, j * dim, (j + 1) * dim);
  const labels = Int32Array.from({ length: batch }, () => Math.floor(random.uniform() * classes));
  const embeddings = new Float64Array(batch * dim);
  for (let i = 0; i < batch; i++) {
    const draw = random.uniform();
    const center = random.uniform() < 0.6 ? labels[i]! : Math.floor(random.uniform() * classes);
    const factor = draw < 0.15 ? 0 : (draw < 0.6 ? 1 : -1) * 2 ** Math.floor(8 * random.uniform() - 2);
    for (let k = 0; k < dim; k++) embeddings[i * dim + k] = factor * weights[center * dim + k]!;
  }
  return {
    embeddings,
    weights,
    labels,
    dim,
    ...(loss.bias ? { bias: extremeBias(loss.bias, classes) } : {}),
  };
}

function extremeBias({ of, start }: BiasParameter, classes: number): Float64Array {
  return new Float64Array(of === 'all classes' ? 1 : classes).fill(Math.fround(start(classes)));
}

/** Nothing becomes NaN or infinite, and no probability passes 1. */
export const finiteAtExtremes: Law = lossLaw(
  'everything is finite and p ≤ 1 at cos = ±1, zero vectors, B = 1, C = 1 and 2, d = 1, s up to 1,024',
  ({ backend, specimen }) =>
    fc.asyncProperty(extremeSpecs, async (spec) => {
      const loss = specimen.create(spec.scale, spec.classes);
      const output = await stepOnce(backend, loss, extremeProblem(spec, loss), { inspect: true });
      requireFiniteOutput(output);
      for (const [i, value] of Array.from(output.losses).entries()) {
        if (value < 0) throw new Error(`losses[${i}] = ${value} < 0, so p > 1`);
      }
    }),
);

/** A zero vector has cosine 0 with everything and is not moved. */
export const zeroVectors: Law = lossLaw(
  'a zero embedding or class center has cosine 0 and gradient 0 (not softmax)',
  ({ backend, specimen }) =>
    fc.asyncProperty(fc.integer({ min: 1, max: 1e9 }), async (seed) => {
      const loss = specimen.create(undefined, 4);
      const random = createRandom(seed);
      const fill = (length: number): Float64Array =>
        Float64Array.from({ length }, () => Math.fround(random.normal()));
      const embeddings = fill(3 * 5);
      const weights = fill(4 * 5);
      embeddings.fill(0, 5, 10);
      weights.fill(0, 15, 20);
      const bias = loss.bias && { bias: extremeBias(loss.bias, 4) };
      const input = { embeddings, weights, labels: [0, 1, 3], dim: 5, ...bias };
      const output = await stepOnce(backend, loss, input);
      const expected = referenceStep(loss, input);
      const unit = naturalGradientScales(loss, input).unit(backend);
      requireClose('losses', output.losses, expected.losses, unit * Math.max(1, ...expected.losses));
      requireClose('∂x of a zero embedding', output.gradEmbeddings.slice(5, 10), new Float64Array(5), 0);
      requireClose('∂w of a zero class center', output.gradWeights.slice(15, 20), new Float64Array(5), 0);
    }),
  { holdsFor: (_, loss) => loss.geometry !== 'inner' },
);

/** One class: nothing to tell apart. */
export const oneClass: Law = {
  name: 'with one class p = 1: loss and gradients are 0 (of a softmax, regulariser aside)',
  async check({ backend, specimens }) {
    for (const specimen of specimens) {
      const loss = specimen.create(undefined, 1);
      if (loss.objective.kind !== 'softmax') continue;
      const output = await stepOnce(backend, loss, {
        embeddings: Float64Array.of(1, 2, -3, 0.5),
        weights: Float64Array.of(0.3, -1),
        labels: [0, 0],
        dim: 2,
        ...(loss.bias ? { bias: Float64Array.of(0.5) } : {}),
      });
      requireClose(`${specimen.name}: loss`, [output.loss - output.regulariser], [0], 1e-6);
      requireClose(`${specimen.name}: losses`, output.losses, [0, 0], 0);
      requireClose(`${specimen.name}: ∂W`, output.gradWeights, [0, 0], 0);
    }
  },
};

function requireFiniteOutput(output: HeadOutput): void {
  const arrays: Record<string, ArrayLike<number>> = {
    loss: [output.loss],
    losses: output.losses,
    regulariser: [output.regulariser],
    gradEmbeddings: output.gradEmbeddings,
    gradWeights: output.gradWeights,
    gradBias: output.gradBias ?? [],
    state: Object.values(output.state.values),
    diagnostics: Object.values(output.diagnostics).filter((value) => value !== null),
    logits: output.inspection?.logits ?? [],
    gradLogits: output.inspection?.gradLogits ?? [],
  };
  for (const [name, values] of Object.entries(arrays)) {
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(values[i])) throw new Error(`${name}[${i}] = ${values[i]}`);
    }
  }
}
