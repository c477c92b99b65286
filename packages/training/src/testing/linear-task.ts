import { createRandom, type MarginLoss } from '@cf/core';
import type { TrainingSamples } from '../loop/samples.ts';
import type { TrainingOptions } from '../loop/training-task.ts';
import { sgd } from '../optimiser/sgd.ts';

/**
 * A small training of a linear network, E = X·Vᵀ + b, with a head on top: everything that the loop does, in a size that
 * can be written out by hand. Numbers are float32, so that every engine starts from the same.
 */
export interface LinearTask {
  readonly loss: MarginLoss;
  /** X: [N, F]. */
  readonly features: Float32Array;
  /** [N]. */
  readonly labels: Int32Array;
  readonly classes: number;
  /** Factor of the loss of each class's samples: [C]. */
  readonly classWeights: readonly number[];
  /** K. */
  readonly subCenters: number;
  /** F. */
  readonly inputSize: number;
  /** d. */
  readonly embeddingSize: number;
  /** V: [d, F]. */
  readonly weight: Float32Array;
  /** b: [d]. */
  readonly bias: Float32Array;
  readonly epochs: number;
  /** Samples a micro-batch. */
  readonly batch: number;
  readonly accumulate: number;
  readonly momentum: number;
  /** Of V and of the class centers; b does not decay. */
  readonly weightDecay: number;
  /** Of the bias of the classes. */
  readonly biasWeightDecay: number;
  /** Of a cosine schedule. */
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly seed: number;
}

/** What a linear task may differ in. */
export type LinearTaskChanges = Partial<
  Pick<
    LinearTask,
    | 'epochs'
    | 'batch'
    | 'accumulate'
    | 'momentum'
    | 'weightDecay'
    | 'biasWeightDecay'
    | 'learningRate'
    | 'subCenters'
    | 'classWeights'
    | 'seed'
  >
>;

const [SAMPLES, CLASSES, INPUT, EMBEDDING] = [26, 5, 6, 4];

/** A task of two epochs of three steps. */
export function linearTask(loss: MarginLoss, changes: LinearTaskChanges = {}): LinearTask {
  const seed = changes.seed ?? 1;
  const random = createRandom(seed).fork('linear task');
  const normal = (count: number, deviation: number): Float32Array =>
    Float32Array.from({ length: count }, () => random.normal(0, deviation));
  return {
    loss,
    features: normal(SAMPLES * INPUT, 1),
    labels: random.shuffle(Int32Array.from({ length: SAMPLES }, (_, i) => i % CLASSES)),
    classes: CLASSES,
    classWeights: new Array<number>(CLASSES).fill(1),
    subCenters: 1,
    inputSize: INPUT,
    embeddingSize: EMBEDDING,
    weight: normal(EMBEDDING * INPUT, 0.4),
    bias: normal(EMBEDDING, 0.1),
    epochs: 2,
    batch: 8,
    accumulate: 1,
    momentum: 0.9,
    weightDecay: 0.05,
    biasWeightDecay: 0,
    learningRate: 0.02,
    warmupSteps: 2,
    ...changes,
    seed,
  };
}

/** The samples of a task, as the loop takes them. */
export function linearSamples({
  features,
  inputSize,
  labels,
  classes,
  classWeights,
}: LinearTask): TrainingSamples {
  return {
    count: labels.length,
    labels,
    classes,
    classWeights,
    batch(indices) {
      const values = new Float32Array(indices.length * inputSize);
      for (const [row, index] of indices.entries())
        values.set(features.subarray(index * inputSize, (index + 1) * inputSize), row * inputSize);
      return { values, shape: [indices.length, inputSize] };
    },
  };
}

/** The options of a task, as the loop takes them. */
export function linearOptions(task: LinearTask, precision: 'float32' | 'float64'): TrainingOptions {
  const { epochs, batch, accumulate, momentum, weightDecay, biasWeightDecay, subCenters, seed } = task;
  const { learningRate, warmupSteps } = task;
  return {
    epochs,
    batch,
    accumulate,
    rule: sgd({ momentum }),
    weightDecay,
    biasWeightDecay,
    subCenters,
    schedule: { name: 'cosine', base: learningRate, warmupSteps },
    seed,
    precision,
  };
}
