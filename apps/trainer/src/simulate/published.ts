/** Samples a second of one setting; undefined where none was published. */
export interface PublishedRow {
  readonly ids: number;
  readonly dataParallel: number | undefined;
  readonly modelParallel: number | undefined;
  /** Partial FC at a rate of 0.1. */
  readonly sampled: number;
}

/** InsightFace's table of training speed, recognition/arcface_torch, 8 × V100 of 32 GB: on their machine, not on ours. */
export const PUBLISHED: readonly PublishedRow[] = [
  { ids: 125_000, dataParallel: 4681, modelParallel: 4824, sampled: 5004 },
  { ids: 1_000_000, dataParallel: 2090, modelParallel: 3449, sampled: 4803 },
  { ids: 5_500_000, dataParallel: undefined, modelParallel: 1389, sampled: 3975 },
  { ids: 29_000_000, dataParallel: undefined, modelParallel: undefined, sampled: 1855 },
];
