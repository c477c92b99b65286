import { type HeadInput, type MarginLoss, ShapeMismatchError } from '@cf/core';
import fc from 'fast-check';
import { denseStep } from '../oracle/dense-head.ts';
import { kinkDistance } from '../oracle/kink-distance.ts';
import { buildProblem } from '../problems/problem.ts';
import { type Law, problemLaw, requireClose, requireSameOutput, requireSameState, stepOnce } from './law.ts';

const OFF_KINKS = 1e-4;

/** Sub-centers are the head's: every loss has them. */
export const nearestSubCenterCounts: Law = problemLaw(
  'of 2 or 3 class centers a class the nearest counts, with every loss, and tiles hold whole classes (off the kinks)',
  async ({ backend, loss, spec }) => {
    const subCenters = 2 + (spec.seed % 2);
    const input = buildProblem(spec, loss, subCenters);
    fc.pre(kinkDistance(loss, input, { subCenters }) > OFF_KINKS);
    const tileSize = 1 + (spec.seed % 5);
    const actual = await stepOnce(backend, loss, input, { subCenters, tileSize });
    const expected = denseStep(loss, input, { subCenters });
    requireSameOutput({ backend, loss, input }, actual, expected);
    requireSameState({ backend, loss, input }, actual.state, expected.state);
  },
  { numRuns: 3 },
);

/** Equal class centers of a class are one, and the first is moved. */
export const firstOfEqualSubCenters: Law = problemLaw(
  'equal class centers of a class are one: the same losses, and all of the gradient to the first',
  async ({ backend, loss, input, spec }) => {
    fc.pre(kinkDistance(loss, input) > OFF_KINKS);
    const subCenters = 2 + (spec.seed % 2);
    const repeated = { ...input, weights: repeatRows(input.weights, input.dim, subCenters) };
    const expected = await stepOnce(backend, loss, input);
    const actual = await stepOnce(backend, loss, repeated, { subCenters });
    const first = actual.gradWeights.filter((_, at) => isFirst(at, input.dim, subCenters));
    requireSameOutput({ backend, loss, input }, { ...actual, gradWeights: first }, expected);
    const others = actual.gradWeights.filter((_, at) => !isFirst(at, input.dim, subCenters));
    requireClose('∂W of the others', others, new Float64Array(others.length), 0);
  },
  { numRuns: 2 },
);

/** Tables of classes belong to their classes. */
export const tablesBelongToClasses: Law = problemLaw(
  'a value a class reaches the samples of that class, and a table of another length is refused',
  async ({ backend, loss, input, spec }) => {
    if (Object.keys(loss.classValues).length === 0) return;
    fc.pre(kinkDistance(loss, input) > OFF_KINKS);
    const actual = await stepOnce(backend, loss, input);
    requireSameOutput({ backend, loss, input }, actual, denseStep(loss, input));
    await requireRefused(() => stepOnce(backend, loss, withOneClassMore(input, loss)), spec.classes);
  },
);

const isFirst = (at: number, dim: number, subCenters: number): boolean =>
  Math.floor(at / dim) % subCenters === 0;

function repeatRows(rows: HeadInput['weights'], dim: number, times: number): Float64Array {
  return Float64Array.from(
    { length: rows.length * times },
    (_, at) => rows[Math.floor(at / (dim * times)) * dim + (at % dim)]!,
  );
}

function withOneClassMore(input: HeadInput, { bias }: MarginLoss): HeadInput {
  const more = (values: HeadInput['weights'], count: number): Float64Array =>
    Float64Array.from([...values, ...new Float64Array(count).fill(1)]);
  const longer = bias?.of === 'each class' && input.bias ? { bias: more(input.bias, 1) } : {};
  return { ...input, weights: more(input.weights, input.dim), ...longer };
}

async function requireRefused(run: () => Promise<unknown>, classes: number): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof ShapeMismatchError && error.message.includes(`of length ${classes}`)) return;
    throw error;
  }
  throw new Error(`a table of ${classes} classes was taken for ${classes + 1}`);
}
