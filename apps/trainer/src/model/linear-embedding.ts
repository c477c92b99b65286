import { createRandom } from '@cf/data';

/**
 * The trainable part: x = V·z + b on standardised features z = (f − mean)/scale.
 */
export interface LinearEmbedding {
  /** Length of a feature vector. */
  readonly inputDim: number;
  /** Length of an embedding. */
  readonly outputDim: number;
  /** Mean of the training features: [inputDim]. */
  readonly mean: Float32Array;
  /** One number for all features: their root mean square around the mean. */
  readonly scale: number;
  /** V: [outputDim, inputDim]. */
  readonly weight: Float64Array;
  /** b: [outputDim]. */
  readonly bias: Float64Array;
}

/** A random embedding: V from N(0, 1/inputDim), b = 0, standardised by the given features [N, inputDim]. */
export function randomEmbedding(
  features: Float32Array,
  inputDim: number,
  outputDim: number,
  seed: number,
): LinearEmbedding {
  const random = createRandom(seed).fork('embedding');
  const { mean, scale } = standardisation(features, inputDim);
  const weight = Float64Array.from(
    { length: outputDim * inputDim },
    () => random.normal() / Math.sqrt(inputDim),
  );
  return { inputDim, outputDim, mean, scale, weight, bias: new Float64Array(outputDim) };
}

function standardisation(features: Float32Array, dim: number): { mean: Float32Array; scale: number } {
  const count = features.length / dim;
  const sums = new Float64Array(dim);
  for (let i = 0; i < features.length; i++) sums[i % dim]! += features[i]!;
  const mean = Float32Array.from(sums, (sum) => sum / count);
  let squares = 0;
  for (let i = 0; i < features.length; i++) squares += (features[i]! - mean[i % dim]!) ** 2;
  return { mean, scale: Math.sqrt(squares / features.length) || 1 };
}

/** z of chosen rows: [rows, inputDim]. */
export function standardise(
  model: LinearEmbedding,
  features: Float32Array,
  rows: ArrayLike<number>,
): Float64Array {
  const { inputDim: dim, mean, scale } = model;
  const out = new Float64Array(rows.length * dim);
  for (let r = 0; r < rows.length; r++) {
    const from = rows[r]! * dim;
    for (let k = 0; k < dim; k++) out[r * dim + k] = (features[from + k]! - mean[k]!) / scale;
  }
  return out;
}

/** Embeddings of standardised features: [N, inputDim] → [N, outputDim]. */
export function forward(model: LinearEmbedding, inputs: Float64Array): Float64Array {
  const { inputDim, outputDim, weight, bias } = model;
  const count = inputs.length / inputDim;
  const out = new Float64Array(count * outputDim);
  for (let i = 0; i < count; i++) {
    for (let o = 0; o < outputDim; o++) {
      let sum = bias[o]!;
      for (let k = 0; k < inputDim; k++) sum += weight[o * inputDim + k]! * inputs[i * inputDim + k]!;
      out[i * outputDim + o] = sum;
    }
  }
  return out;
}

/** ∂L/∂V and ∂L/∂b from ∂L/∂x: [N, inputDim], [N, outputDim] → [outputDim, inputDim], [outputDim]. */
export function backward(
  model: LinearEmbedding,
  inputs: Float64Array,
  gradOutputs: ArrayLike<number>,
): { readonly weight: Float64Array; readonly bias: Float64Array } {
  const { inputDim, outputDim } = model;
  const count = inputs.length / inputDim;
  const weight = new Float64Array(outputDim * inputDim);
  const bias = new Float64Array(outputDim);
  for (let i = 0; i < count; i++) {
    for (let o = 0; o < outputDim; o++) {
      const gradient = gradOutputs[i * outputDim + o]!;
      if (gradient === 0) continue;
      bias[o]! += gradient;
      for (let k = 0; k < inputDim; k++) weight[o * inputDim + k]! += gradient * inputs[i * inputDim + k]!;
    }
  }
  return { weight, bias };
}

/** Embeddings of every row of a feature table: [N, outputDim]. */
export function embedAll(model: LinearEmbedding, features: Float32Array): Float32Array {
  const count = features.length / model.inputDim;
  const rows = Array.from({ length: count }, (_, i) => i);
  return Float32Array.from(forward(model, standardise(model, features, rows)));
}
