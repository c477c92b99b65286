import {
  type Backend,
  createRandom,
  type HeadInput,
  type HeadOutput,
  initialState,
  type MarginLoss,
  referenceStep,
  relativeError,
  stepScales,
} from '@cf/core';

/** A loss with K centers for each of its classes. */
export interface ProvenHead {
  readonly loss: MarginLoss;
  /** Default 40. */
  readonly classes?: number;
  /** K. Default 1. */
  readonly subCenters?: number;
}

const [BATCH, DIM] = [8, 16];
/** So that there are several tiles. */
const TILE = 16;
const STEPS = 2;

/**
 * How far a head is from the float64 reference, by the rule of golden values (`stepScales`): the worst of value,
 * gradients and state in two steps that follow each other.
 */
export async function headDeviation(backend: Backend, proven: ProvenHead): Promise<number> {
  const { loss, classes = 40, subCenters = 1 } = proven;
  const head = await backend.createHead(loss, { subCenters, tileSize: TILE });
  let state = initialState(loss);
  let worst = 0;
  try {
    for (let step = 0; step < STEPS; step++) {
      const input = { ...drawn(loss, classes, { subCenters, seed: step + 1 }), state };
      const expected = referenceStep(loss, input, { subCenters });
      worst = Math.max(worst, deviation(loss, input, { actual: await head.step(input), expected }));
      // The same state goes into both: what is compared is a step.
      ({ state } = expected);
    }
  } finally {
    head.dispose();
  }
  return worst;
}

function deviation(
  loss: MarginLoss,
  input: HeadInput,
  { actual, expected }: Readonly<Record<'actual' | 'expected', HeadOutput>>,
): number {
  const scales = stepScales(loss, input, expected.state.values.scale);
  const names = Object.keys({ ...expected.state.values, ...expected.state.classValues });
  const valuesOf = ({ state }: HeadOutput): number[] =>
    names.flatMap((name) => state.values[name] ?? state.classValues?.[name] ?? Number.NaN);
  return Math.max(
    relativeError([actual.loss, ...actual.losses], [expected.loss, ...expected.losses], scales.values),
    relativeError(actual.gradEmbeddings, expected.gradEmbeddings, scales.gradEmbeddings),
    relativeError(actual.gradWeights, expected.gradWeights, scales.gradWeights),
    relativeError(actual.gradBias ?? [], expected.gradBias ?? [], scales.gradBias),
    relativeError(valuesOf(actual), valuesOf(expected), scales.values),
  );
}

/** Embeddings midway between chance and the center of their class, with norms of several sizes; all in float32. */
function drawn(
  loss: MarginLoss,
  classes: number,
  { subCenters, seed }: { readonly subCenters: number; readonly seed: number },
): HeadInput {
  const random = createRandom(seed);
  const weights = Float32Array.from({ length: classes * subCenters * DIM }, () => random.normal());
  const labels = Int32Array.from({ length: BATCH }, () => Math.floor(random.uniform() * classes));
  const embeddings = new Float32Array(BATCH * DIM);
  labels.forEach((label, i) => {
    const length = (1 + 4 * random.uniform()) * (loss.geometry === 'cosine' ? 1 : 0.2);
    for (let k = 0; k < DIM; k++)
      embeddings[i * DIM + k] = length * (0.7 * weights[label * subCenters * DIM + k]! + random.normal());
  });
  const { bias } = loss;
  if (bias === undefined) return { embeddings, weights, labels, dim: DIM };
  const length = bias.of === 'all classes' ? 1 : classes;
  const start = bias.start(classes);
  return { embeddings, weights, labels, dim: DIM, bias: new Float32Array(length).fill(start) };
}
