/** Where the numbers of one sample lie that a kernel reads, float32 each: then come those of `sampleValuesRead(loss)`. */
export const PARAMETERS = {
  shift: 0,
  share: 1,
  dNll: 2,
  factor: 3,
  logitScale: 4,
  pivot: 5,
  sampleValues: 6,
} as const;

/** Where a kernel adds up what it finds, float32 each: last come the sums of `sumsOf(loss)`. */
export const RESULTS = {
  sum: 0,
  radial: 1,
  hard: 2,
  emphasised: 3,
  minSlope: 4,
  maxSlope: 5,
  peak: 6,
  sums: 7,
} as const;

export const BYTES: number = Float32Array.BYTES_PER_ELEMENT;
