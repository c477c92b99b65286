/** An array with its shape, row-major. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

/** Arrays by name: what checkpoints are made of. */
export type NamedTensors = ReadonlyMap<string, NamedTensor>;
