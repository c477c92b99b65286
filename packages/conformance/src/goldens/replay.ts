import {
  type Backend,
  type Head,
  type HeadOutput,
  type LossState,
  type MarginLoss,
  type OptionNames,
  relativeError,
  requireKnownOptions,
  STEP_TOLERANCE,
} from '@cf/core';
import {
  type GoldenCase,
  type GoldenFile,
  GoldenFormatError,
  type GoldenStep,
  subCentersOf,
} from './golden-file.ts';
import { goldenLoss } from './golden-loss.ts';
import { naturalScales } from './natural-scale.ts';

/** What is compared in every step. */
export const COMPARED = ['logits', 'loss', 'gradEmbeddings', 'gradWeights', 'gradBias', 'state'] as const;
export type Compared = (typeof COMPARED)[number];

/** Errors by the rule of comparison; undefined where no case has such a value. */
export type GoldenErrors = Partial<Record<Compared, number>>;

/** How one loss did. */
export interface GoldenRow {
  readonly loss: string;
  readonly cases: number;
  readonly steps: number;
  /** Worst of each over all steps. */
  readonly worst: GoldenErrors;
  /** Id of the case with the worst error of all. */
  readonly worstCase: string;
  readonly passed: boolean;
}

export interface GoldenReport {
  readonly backend: string;
  readonly tolerance: number;
  readonly rows: readonly GoldenRow[];
  readonly passed: boolean;
}

/** Tolerances by the rule of comparison: what a stable head meets in each precision, with room. */
export const GOLDEN_TOLERANCE: Readonly<Record<Backend['precision'], number>> = STEP_TOLERANCE;

const OPTIONS: OptionNames<{
  readonly tolerance?: number;
  readonly onCase?: (done: number, total: number) => void;
}> = { tolerance: true, onCase: true };

/**
 * Runs every case of a file on a backend.
 *
 * @param options `tolerance` in place of the one of the backend's precision; `onCase` is told after each case.
 * @throws GoldenFormatError for an unknown loss or parameter as well, naming the case: nothing is ignored
 */
export async function replayGoldens(
  backend: Backend,
  file: GoldenFile,
  options: { readonly tolerance?: number; readonly onCase?: (done: number, total: number) => void } = {},
): Promise<GoldenReport> {
  requireKnownOptions('replayGoldens', options, OPTIONS);
  const { tolerance = GOLDEN_TOLERANCE[backend.precision], onCase } = options;
  // All losses are made first: an unknown one stops the run before anything is computed.
  const losses = file.cases.map(goldenLoss);
  const rows = new Map<string, { cases: number; steps: number; worst: GoldenErrors; worstCase: string }>();
  for (const [index, golden] of file.cases.entries()) {
    const errors = await replayCase(backend, golden, losses[index]!);
    const row = rows.get(golden.loss) ?? { cases: 0, steps: 0, worst: {}, worstCase: golden.id };
    rows.set(golden.loss, row);
    row.cases++;
    row.steps += golden.steps.length;
    if (largest(errors) > largest(row.worst)) row.worstCase = golden.id;
    mergeWorst(row.worst, errors);
    onCase?.(index + 1, file.cases.length);
  }
  const out = [...rows].map(([loss, row]) => ({ loss, ...row, passed: largest(row.worst) <= tolerance }));
  return { backend: backend.name, tolerance, rows: out, passed: out.every((row) => row.passed) };
}

async function replayCase(backend: Backend, golden: GoldenCase, loss: MarginLoss): Promise<GoldenErrors> {
  const subCenters = subCentersOf(golden.params);
  const head = await backend.createHead(loss, { inspect: true, subCenters });
  const worst: GoldenErrors = {};
  let state: LossState | undefined;
  try {
    for (const step of golden.steps) {
      const output = await runStep(head, golden, step, state);
      state = output.state;
      mergeWorst(worst, compare(golden, step, output));
    }
  } finally {
    head.dispose();
  }
  return worst;
}

function runStep(
  head: Head,
  golden: GoldenCase,
  step: GoldenStep,
  state: LossState | undefined,
): Promise<HeadOutput> {
  if ((head.loss.draws !== undefined) !== (step.draws !== undefined)) {
    throw new GoldenFormatError(
      `${golden.id}: draws ${step.draws === undefined ? 'absent' : 'present'}`,
      `draws ${step.draws === undefined ? 'present' : 'absent'} for '${golden.loss}'`,
    );
  }
  return head.step({
    embeddings: Float64Array.from(step.embeddings),
    weights: Float64Array.from(step.weights),
    labels: step.labels,
    dim: golden.dim,
    ...(step.bias === undefined ? {} : { bias: Float64Array.from(step.bias) }),
    ...(step.draws === undefined ? {} : { draws: step.draws }),
    ...(state === undefined ? {} : { state }),
  });
}

function compare(golden: GoldenCase, step: GoldenStep, output: HeadOutput): GoldenErrors {
  const { values, gradEmbeddings, gradWeights, gradBias } = naturalScales(golden, step);
  const errors: GoldenErrors = {};
  const add = (
    name: Compared,
    actual: ArrayLike<number> | undefined,
    expected: ArrayLike<number> | undefined,
    scale: number,
  ): void => {
    if (expected === undefined) return;
    mergeWorst(errors, { [name]: relativeError(actual ?? [], expected, scale) });
  };
  add('logits', output.inspection?.logits, step.logits, values);
  add('loss', [output.loss], [step.loss], values);
  add('loss', output.losses, step.losses, values);
  add('loss', [output.regulariser], step.regulariser === undefined ? undefined : [step.regulariser], values);
  add('gradEmbeddings', output.gradEmbeddings, step.gradEmbeddings, gradEmbeddings);
  add('gradWeights', output.gradWeights, step.gradWeights, gradWeights);
  add('gradBias', output.gradBias, step.gradBias, gradBias);
  for (const [name, value] of Object.entries(step.stateAfter ?? {}))
    add('state', [output.state.values[name] ?? Number.NaN], [value], values);
  return errors;
}

function mergeWorst(into: GoldenErrors, errors: GoldenErrors): void {
  for (const name of COMPARED) {
    if (errors[name] !== undefined) into[name] = Math.max(into[name] ?? 0, errors[name]);
  }
}

function largest(errors: GoldenErrors): number {
  return Math.max(-1, ...Object.values(errors));
}
