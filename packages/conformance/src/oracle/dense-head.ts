import {
  type BatchMask,
  type BatchOps,
  type BatchValues,
  batchOps,
  type Dual,
  dualOps,
  fixed,
  type HeadInput,
  type HeadOutput,
  initialState,
  logitScale,
  type MarginLoss,
  marginDraws,
  numberOps,
  type OptionNames,
  requireKnownOptions,
  type SampleValues,
  sampleAt,
  scalarsOf,
  type TensorOps,
  variable,
} from '@cf/core';
import { lengthOf, nearest, pointOf, type Stand, sampleLoss, sum, withBias } from './textbook.ts';

/** What a head gives, diagnostics aside. */
export type DenseOutput = Pick<
  HeadOutput,
  'loss' | 'losses' | 'regulariser' | 'gradEmbeddings' | 'gradWeights' | 'gradBias' | 'state'
>;

/** X, W and b (zeros where there is none, one number where all classes share it), whatever their numbers are read as. */
export interface DenseVariables<T> {
  readonly x: readonly (readonly T[])[];
  readonly w: readonly (readonly T[])[];
  readonly b: readonly T[];
}

/**
 * A batch by brute force: full matrices, the textbook softmax. All is frozen that carries no gradient (sample values,
 * pivots, G of weightings without gradient).
 */
export interface DenseHead {
  readonly values: Pick<DenseOutput, 'loss' | 'losses' | 'regulariser' | 'state'>;
  readonly variables: DenseVariables<number>;
  /** cos θ_y of each sample. */
  readonly targetCosines: readonly number[];
  /** cos θ_ij: [B][C]. */
  readonly cosines: readonly (readonly number[])[];
  /** What the negatives of each sample are compared with. */
  readonly pivots: readonly number[];
  /** What the formulas of the negatives read of each sample. */
  readonly pivotSamples: readonly SampleValues<number>[];
  /** C. */
  readonly classes: number;
  /** z_ij, what goes into the softmax or into log(1 + e^z). */
  logit<T>(ops: TensorOps<T, boolean>, variables: DenseVariables<T>, i: number, j: number): T;
  /** What sample i adds to the loss, by its logits [C] and its embedding. */
  share<T>(ops: TensorOps<T, boolean>, i: number, logits: readonly T[], x: readonly T[]): T;
}

/** What a batch is tried with beside its loss. */
export interface DenseOptions {
  /** K, rows of W a class. Default 1. */
  readonly subCenters?: number;
  /** What reads the formulas. Default: plain numbers. */
  readonly reading?: DenseReading;
}

/** Operations on numbers, and on those of a batch. */
export interface DenseReading {
  readonly scalar: TensorOps<number, boolean>;
  readonly batch: BatchOps<BatchValues, BatchMask>;
}

/** Computes a batch, and freezes the loss at it. */
export function denseHead(loss: MarginLoss, input: HeadInput, options: DenseOptions = {}): DenseHead {
  const { subCenters = 1, reading = { scalar: numberOps, batch: batchOps } } = options;
  const { scalar } = reading;
  const { labels, dim, mode = 'train', state: before = initialState(loss) } = input;
  const { weighting, negativeSums, objective } = loss;
  const batch = labels.length;
  const rows = (values: ArrayLike<number>): number[][] =>
    Array.from({ length: values.length / dim }, (_, r) => Array.from(values).slice(r * dim, (r + 1) * dim));
  const [x, w] = [rows(input.embeddings), rows(input.weights)];
  const classes = w.length / subCenters;
  const shared = loss.bias?.of === 'all classes';
  const biases = shared ? [input.bias![0]!] : Array.from({ length: classes }, (_, j) => input.bias?.[j] ?? 0);
  const variables = { x, w, b: biases };
  const stand = <T>(ops: TensorOps<T, boolean>, of: DenseVariables<T>, i: number, j: number): Stand<T> => {
    const bias = of.b[shared ? 0 : j]!;
    const centers = of.w.slice(j * subCenters, (j + 1) * subCenters);
    const points = centers.map((center) => pointOf(ops, loss, of.x[i]!, center, bias));
    return withBias(nearest(ops, points), loss.bias && bias);
  };

  const state = scalarsOf(before.values);
  const carried = Object.fromEntries(
    Object.entries(loss.initialClassValues).map(([name, start]) => [
      name,
      before.classValues?.[name] ?? new Array<number>(classes).fill(start),
    ]),
  );
  const points = x.map((_, i) => stand(scalar, variables, i, labels[i]!));
  const others = x.map((_, i) => w.slice(0, classes).map((_, j) => stand(scalar, variables, i, j).cos));
  const keys = input.sampleKeys ?? x.map((_, i) => i);
  const surveyScale = mode === 'train' ? loss.surveyScale?.(scalar, before.values, classes) : undefined;
  const statistics = {
    cosTarget: Float64Array.from(points, ({ cos }) => cos),
    norm: Float64Array.from(points, ({ norm }) => norm),
    draws: marginDraws(loss, before, mode, keys, input.draws),
    classes: Float64Array.of(classes),
    labels: Float64Array.from(labels),
    ofClass: Object.fromEntries(
      Object.entries({ ...loss.classValues, ...carried }).map(([name, table]) => [
        name,
        Float64Array.from(labels, (label) => table[label]!),
      ]),
    ),
    surveyed:
      surveyScale === undefined
        ? undefined
        : {
            max: new Float64Array(batch),
            sum: Float64Array.from(others, (row, i) =>
              row.reduce((sum, cos, j) => (j === labels[i] ? sum : sum + Math.exp(surveyScale * cos)), 0),
            ),
          },
  };
  const prepared = loss.prepare(reading.batch, statistics, state, mode);
  const pivotSamples = x.map((_, i) => sampleAt(prepared.sampleValues, i));
  const withSums = (i: number, sums: Record<string, number>): Record<string, number> => ({
    ...pivotSamples[i]!,
    // A guard against a sum of 0 is no kink.
    ...negativeSums?.sampleValues(numberOps, sums),
  });
  const none = Object.fromEntries((negativeSums?.names ?? []).map((name) => [name, 0]));
  const pivots = points.map((point, i) => loss.target(scalar, point, withSums(i, none)).pivot);
  const samples = points.map((_, i) => {
    const sums = { ...none };
    others[i]!.forEach((cos, j) => {
      if (j === labels[i]) return;
      const terms = negativeSums?.terms(scalar, cos, pivots[i]!, pivotSamples[i]!) ?? {};
      for (const [name, value] of Object.entries(terms)) sums[name]! += value;
    });
    return withSums(i, sums);
  });

  const logit: DenseHead['logit'] = (ops, of, i, j) => {
    const point = stand(ops, of, i, j);
    const values = read(ops, samples[i]!);
    const moved = prepared.scale && ops.constant(sampleAt({ scale: prepared.scale }, i).scale!);
    const scale = logitScale(ops, loss, point.norm, moved);
    const before =
      j === labels[i]
        ? loss.target(ops, point, values).value
        : loss.negative(ops, point.cos, ops.constant(pivots[i]!), values).value;
    const scaled = ops.mul(scale, before);
    if (objective.kind !== 'binary' || point.bias === undefined) return scaled;
    return objective.biasSign > 0 ? ops.add(scaled, point.bias) : ops.sub(scaled, point.bias);
  };
  const logits = x.map((_, i) => perClass(classes, (j) => logit(scalar, variables, i, j)));
  const nll = Float64Array.from(logits, (row, i) =>
    sampleLoss(objective.kind === 'binary' ? scalar : numberOps, objective, row, labels[i]!),
  );
  const sampleWeights = Float64Array.from({ length: batch }, (_, i) => input.sampleWeights?.[i] ?? 1);
  const weights = sampleWeights.map((weight) => loss.lossWeight * weight);
  // What is differentiated has limits for branches, and no kinks.
  const weighted = weighting.gradient === 'frozen' ? reading.batch : batchOps;
  const reduced = weighting.reduce(weighted, { nll, sampleWeights: weights }, state, mode);
  const regularisers = points.map(({ norm }) => loss.regulariser?.(scalar, norm).value ?? 0);
  const regulariser = sum(
    numberOps,
    regularisers.map((value, i) => (sampleWeights[i]! * value) / batch),
  );
  const classValues =
    mode === 'eval' ? before.classValues : movedClasses(carried, labels, prepared.nextOfClass);
  const step = before.values.step! + (mode === 'train' ? 1 : 0);
  return {
    values: {
      loss: reduced.loss[0]! + regulariser,
      losses: reduced.losses,
      regulariser,
      state: {
        loss: loss.name,
        values: { step, ...sampleAt({ ...prepared.next, ...reduced.next }, 0) },
        ...(classValues && { classValues }),
      },
    },
    variables,
    targetCosines: points.map(({ cos }) => cos),
    cosines: others,
    pivots,
    pivotSamples,
    classes,
    logit,
    share(ops, i, row, embedding) {
      const own = sampleLoss(ops, objective, row, labels[i]!);
      const samples = { nll: own, sampleWeights: ops.constant(weights[i]!) };
      const share =
        weighting.gradient === 'frozen'
          ? ops.mul(ops.constant(reduced.dNll[i]!), own)
          : weighting.reduce(alone(ops, batch), samples, read(ops, before.values), mode).loss;
      if (loss.regulariser === undefined) return share;
      const { value } = loss.regulariser(ops, lengthOf(ops, embedding));
      return ops.add(share, ops.div(ops.mul(ops.constant(sampleWeights[i]!), value), ops.constant(batch)));
    },
  };
}

function perClass<T>(classes: number, of: (j: number) => T): T[] {
  return Array.from({ length: classes }, (_, j) => of(j));
}

const OPTIONS: OptionNames<DenseOptions> = { subCenters: true, reading: true };

/**
 * A step by brute force in float64. Gradients are what dual numbers carry along from each of X, W and b to the loss: no
 * slope that a formula states takes part (but for straight-through ones, which are a statement).
 */
export function denseStep(loss: MarginLoss, input: HeadInput, options: DenseOptions = {}): DenseOutput {
  requireKnownOptions('denseStep', options, OPTIONS);
  const { subCenters = 1 } = options;
  const { values, variables, classes, logit, share } = denseHead(loss, input, options);
  const [x, w] = [variables.x, variables.w].map((rows) => rows.map((row) => row.map(fixed)));
  const still: DenseVariables<Dual> = { x: x!, w: w!, b: variables.b.map(fixed) };
  const logits = still.x.map((_, i) => perClass(classes, (j) => logit(dualOps, still, i, j)));
  /** The slopes of each row, by one of its coordinates after the other. */
  const slopesOf = (
    rows: DenseVariables<Dual>['x'],
    slope: (r: number, row: readonly Dual[]) => number,
  ): Float64Array =>
    Float64Array.from(
      rows.flatMap((row, r) => row.map(({ value }, k) => slope(r, row.with(k, variable(value))))),
    );
  const byClass = (j: number, moved: DenseVariables<Dual>): number => {
    const shares = still.x.map((row, i) => {
      return share(dualOps, i, logits[i]!.with(j, logit(dualOps, moved, i, j)), row).slope;
    });
    return sum(numberOps, shares);
  };
  const byBias = (j: number, value: number): number => {
    const moved = { ...still, b: still.b.with(j, variable(value)) };
    const touched = loss.bias?.of === 'all classes' ? perClass(classes, (c) => c) : [j];
    // One class at a time: derivatives add up.
    return sum(
      numberOps,
      touched.map((c) => byClass(c, moved)),
    );
  };
  return {
    ...values,
    gradEmbeddings: slopesOf(still.x, (i, row) => {
      const moved = { ...still, x: still.x.with(i, row) };
      const own = perClass(classes, (j) => logit(dualOps, moved, i, j));
      return share(dualOps, i, own, row).slope;
    }),
    gradWeights: slopesOf(still.w, (r, row) =>
      byClass(Math.floor(r / subCenters), { ...still, w: still.w.with(r, row) }),
    ),
    gradBias: loss.bias ? Float64Array.from(still.b, ({ value }, j) => byBias(j, value)) : undefined,
  };
}

/** A differentiated G is one of its own sample alone: it is read on a batch of one, but for the mean. */
function alone<T>(ops: TensorOps<T, boolean>, batch: number): BatchOps<T, boolean> {
  return {
    ...ops,
    sum: (value) => value,
    count: () => ops.constant(batch),
    argsort: () => ops.constant(0),
    gather: (value) => value,
    sumOfClass: (value) => value,
  };
}

/** What a loss carries of classes, moved to what its samples say; undefined where it carries nothing. */
function movedClasses(
  carried: Readonly<Record<string, readonly number[]>>,
  labels: ArrayLike<number>,
  next: Readonly<Record<string, BatchValues>> | undefined,
): Record<string, number[]> | undefined {
  if (next === undefined || Object.keys(next).length === 0) return undefined;
  const entries = Object.entries(carried).map(([name, before]) => [
    name,
    before.map((value, c) => {
      const i = Array.from(labels).indexOf(c);
      return i < 0 ? value : sampleAt(next, i)[name]!;
    }),
  ]);
  return Object.fromEntries(entries);
}

function read<T>(
  ops: TensorOps<T, boolean>,
  numbers: Readonly<Record<string, number>>,
): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, ops.constant(value)]));
}
