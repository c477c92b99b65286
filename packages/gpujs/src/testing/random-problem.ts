import type { HeadInput, MarginLoss } from '@cf/core';

/** Normal numbers from a seed. */
export function normals(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** A batch in float32, embeddings leaning towards their classes so that targets, hard and easy negatives all occur. */
export function randomProblem(
  loss: MarginLoss,
  seed: number,
  batch: number,
  classes: number,
  dim: number,
  subCenters = 1,
): HeadInput {
  const next = normals(seed);
  const labels = Int32Array.from({ length: batch }, (_, i) => (i * 5 + seed) % classes);
  const weights = Float32Array.from({ length: classes * subCenters * dim }, () => next());
  const embeddings = Float32Array.from(
    { length: batch * dim },
    (_, at) => 0.5 * weights[labels[Math.floor(at / dim)]! * subCenters * dim + (at % dim)]! + next(),
  );
  const sampleWeights = Float64Array.from({ length: batch }, (_, i) => (i % 3) + 0.5);
  const biases = loss.bias?.of === 'all classes' ? 1 : classes;
  const bias = loss.bias ? { bias: Float32Array.from({ length: biases }, () => next()) } : {};
  return { embeddings, weights, labels, dim, sampleWeights, ...bias };
}
