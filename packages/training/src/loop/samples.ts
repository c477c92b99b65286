import type { SampleData } from '../learner/learner.ts';

/** What a batch of samples is for: with the seed it keys whatever is drawn, such as augmentation. */
export interface BatchKey {
  /** From 0. */
  readonly epoch: number;
  readonly seed: number;
}

/** A batch that will be asked for. */
export interface BatchRequest {
  /** Of its samples. */
  readonly indices: Uint32Array;
  readonly key: BatchKey;
}

/** What is trained on, wherever it comes from: pictures, features, numbers. */
export interface TrainingSamples {
  readonly count: number;
  /** Integers in [0, classes): [count]. Arrays of other number types, and of bigint, are taken as well. */
  readonly labels: Int32Array;
  /** How many classes there are, or their names in the order of the labels; names become part of the state. */
  readonly classes: number | readonly string[];
  /** Values of some samples, by their indices; it must depend on nothing but indices and key. */
  batch(indices: Uint32Array, key: BatchKey): SampleData | Promise<SampleData>;
  /**
   * The same of many batches, one for each request and in their order, so that some can be made ahead of their use. A
   * training that has no more use for them ends it by `return`. Default: each is asked for by `batch` when it is needed.
   */
  batches?(requests: Iterable<BatchRequest>): AsyncGenerator<SampleData, void, undefined>;
  /** Factor of each sample's loss and gradients, finite and ≥ 0: [count]. Default 1 each. */
  readonly weights?: ArrayLike<number>;
  /** A factor of each class as well: [classes]. Default 1 each. */
  readonly classWeights?: ArrayLike<number>;
}

/** One batch after the other, from samples that make none ahead. */
export async function* oneByOne(
  samples: TrainingSamples,
  requests: Iterable<BatchRequest>,
): AsyncGenerator<SampleData, void, undefined> {
  for (const { indices, key } of requests) yield await samples.batch(indices, key);
}

/** What the losses of some samples are multiplied by; undefined where all count alike. */
export function weightsOf(
  { weights, classWeights, labels }: TrainingSamples,
  indices: Uint32Array,
): Float64Array | undefined {
  if (weights === undefined && classWeights === undefined) return undefined;
  return Float64Array.from(
    indices,
    (index) => (weights?.[index] ?? 1) * (classWeights?.[labels[index]!] ?? 1),
  );
}

/** C. */
export function classCount({ classes }: Pick<TrainingSamples, 'classes'>): number {
  return typeof classes === 'number' ? classes : classes.length;
}
