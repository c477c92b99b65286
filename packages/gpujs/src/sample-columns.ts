/** Columns of the matrix that tells kernels about each sample; the loss's row values follow. */
export const SAMPLE_COLUMNS = {
  /** Position of the sample's own class in the tile; negative where it is in another. */
  own: 0,
  /** What the row is multiplied by: s, ‖x‖ or 1. */
  scale: 1,
  /** What a hard negative's cosine exceeds. */
  pivot: 2,
  sampleValues: 3,
} as const;
