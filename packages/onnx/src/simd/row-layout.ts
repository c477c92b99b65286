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

/** No tile has more classes. */
export const MOST_CLASSES = 65_536;
/** Between the rows of {@link CLASSES}, in numbers: kernels read up to three past their ends. */
export const CLASS_STRIDE: number = MOST_CLASSES + 16;
/**
 * Where the numbers of the classes lie, one row each: 1/‖w‖ and b, which a kernel reads, and the gradient of b and
 * Σ factor·slope·cos θ, to which it adds; `logit` and `share` are the kernel's own.
 */
export const CLASSES = { inverse: 0, bias: 1, gradBias: 2, along: 3, logit: 4, share: 5 } as const;

export const BYTES: number = Float32Array.BYTES_PER_ELEMENT;

/** Bytes from the first row of {@link CLASSES} to another. */
export function ofClass(row: keyof typeof CLASSES): number {
  return CLASSES[row] * CLASS_STRIDE * BYTES;
}
