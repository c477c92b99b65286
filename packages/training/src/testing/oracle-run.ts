import { createRandom, initialState, shuffledBatches } from '@cf/core';
import { denseStep, type Rows } from './dense-step.ts';
import type { LinearTask } from './linear-task.ts';

/** What a training of a linear task comes to, whoever ran it. */
export interface LinearRun {
  /** Of each step. */
  readonly losses: readonly number[];
  readonly learningRates: readonly number[];
  /** What the loss carries after the last step, such as t. */
  readonly values: Readonly<Record<string, number>>;
  /** V: [d, F]. */
  readonly weight: ArrayLike<number>;
  /** b: [d]. */
  readonly bias: ArrayLike<number>;
  /** W: [C·K, d]. */
  readonly centers: ArrayLike<number>;
  /** [C], or [1] where all classes share it; empty where the loss has none. */
  readonly classBias: ArrayLike<number>;
}

/**
 * Algorithm 1 (Huang et al. 2020) written out by hand over a linear network: in float64, on whole batches, with the dense
 * head. It shares the order of samples and the first class centers with the loop, and nothing else.
 */
export function oracleRun(task: LinearTask): LinearRun {
  const { loss, labels, classes, subCenters, embeddingSize: d, inputSize: F, momentum, weightDecay } = task;
  const v = matrix(task.weight, F);
  const b = [...task.bias];
  const random = createRandom(task.seed).fork('class centers');
  const w = Array.from({ length: classes * subCenters }, () =>
    Array.from({ length: d }, () => 0.01 * random.normal()),
  );
  const classBias: number[] = loss.bias
    ? new Array(loss.bias.of === 'each class' ? classes : 1).fill(loss.bias.start(classes))
    : [];
  const moving = [v, [b], w, [classBias]];
  const velocities = moving.map((rows) => rows.map((row) => row.map(() => 0)));
  const decays = [weightDecay, 0, weightDecay, task.biasWeightDecay];

  const size = task.batch * task.accumulate;
  const perEpoch = Math.floor(labels.length / size);
  const total = perEpoch * task.epochs;
  let { values } = initialState(loss);
  const [losses, learningRates]: [number[], number[]] = [[], []];
  for (let epoch = 0; epoch < task.epochs; epoch++) {
    for (const samples of shuffledBatches(labels.length, size, task.seed, epoch, { dropLast: true })) {
      const step = losses.length;
      const x = [...samples].map((sample) => [...task.features.subarray(sample * F, (sample + 1) * F)]);
      const output = denseStep(loss, {
        embeddings: x.map((row) =>
          v.map((weights, k) => weights.reduce((s, a, f) => s + a * row[f]!, b[k]!)),
        ),
        centers: w,
        subCenters,
        bias: loss.bias ? classBias : undefined,
        labels: [...samples].map((sample) => labels[sample]!),
        sampleKeys: [...samples],
        sampleWeights: [...samples].map((sample) => task.classWeights[labels[sample]!]!),
        step,
        values,
      });
      const gradients: Rows[] = [
        v.map((row, k) =>
          row.map((_, f) => x.reduce((s, own, i) => s + output.gradEmbeddings[i]![k]! * own[f]!, 0)),
        ),
        [b.map((_, k) => output.gradEmbeddings.reduce((s, row) => s + row[k]!, 0))],
        output.gradCenters,
        [output.gradBias],
      ];
      const rate = rateOf(step, total, task);
      for (const [p, rows] of moving.entries()) {
        for (const [r, row] of rows.entries()) {
          for (const k of row.keys()) {
            const g = gradients[p]![r]![k]! + decays[p]! * row[k]!;
            velocities[p]![r]![k] = momentum * velocities[p]![r]![k]! + g;
            row[k]! -= rate * velocities[p]![r]![k]!;
          }
        }
      }
      values = output.values;
      losses.push(output.loss);
      learningRates.push(rate);
    }
  }
  return { losses, learningRates, values, weight: v.flat(), bias: b, centers: w.flat(), classBias };
}

function rateOf(step: number, total: number, { learningRate, warmupSteps }: LinearTask): number {
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  return (learningRate * (1 + Math.cos((Math.PI * (step - warmupSteps)) / (total - warmupSteps)))) / 2;
}

function matrix(values: ArrayLike<number>, columns: number): number[][] {
  return Array.from({ length: values.length / columns }, (_, r) =>
    Array.from({ length: columns }, (__, k) => values[r * columns + k]!),
  );
}

/** How far a run is from another, by what differs: the largest difference, as a share of the largest number. */
export function runDistances(actual: LinearRun, expected: LinearRun): Readonly<Record<string, number>> {
  const { values: given, ...rest } = actual;
  const { values, ...numbers } = expected;
  const distances = Object.entries(numbers).map(([name, list]) => [
    name,
    distance(rest[name as keyof typeof rest], list),
  ]);
  const states = Object.entries(values).map(([name, value]) => [
    `state.${name}`,
    distance([given[name] ?? Number.NaN], [value]),
  ]);
  return Object.fromEntries([...distances, ...states]) as Record<string, number>;
}

function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(1e-6, ...Array.from(expected, Math.abs));
  // NaN is as far away as can be.
  const gaps = Array.from(expected, (value, i) => Math.abs(actual[i]! - value) / scale);
  return gaps.reduce(
    (most, gap) => (gap <= most ? most : Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap),
    0,
  );
}
