import type { SampleData } from '../learner/learner.ts';

/** What a batch of samples is for: with the seed it keys whatever is drawn, such as augmentation. */
export interface BatchKey {
  /** From 0. */
  readonly epoch: number;
  readonly seed: number;
}

/** What is trained on, wherever it comes from: pictures, features, numbers. */
export interface TrainingSamples {
  readonly count: number;
  /** Integers in [0, classes): [count]. */
  readonly labels: Int32Array;
  /** How many classes there are, or their names in the order of the labels; names become part of the state. */
  readonly classes: number | readonly string[];
  /** Values of some samples, by their indices; it must depend on nothing but indices and key. */
  batch(indices: Uint32Array, key: BatchKey): SampleData | Promise<SampleData>;
}

/** C. */
export function classCount({ classes }: Pick<TrainingSamples, 'classes'>): number {
  return typeof classes === 'number' ? classes : classes.length;
}
