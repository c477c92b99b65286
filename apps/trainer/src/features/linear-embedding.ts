import { createRandom } from '@cf/data';
import { GraphBuilder, type Model, metadataOf, withMetadata } from '@cf/onnx';
import { RunFolderError } from '../errors.ts';
import { checkFeatures } from '../settings/check-config.ts';
import type { FeatureConfig } from '../settings/train-config.ts';

/** Metadata of a model on features: how pictures become them, as JSON. */
export const FEATURES = 'cf.features';

/** What a linear embedding is made for. */
export interface LinearEmbeddingOptions {
  readonly features: FeatureConfig;
  /** Feature vectors to train on: [N, inputDim]. */
  readonly rows: Float32Array;
  readonly inputDim: number;
  /** d. */
  readonly dim: number;
  readonly seed: number;
}

/**
 * A network of one layer, x = V·z + b on standardised features z = (f − mean)·scale: features [N, inputDim] in,
 * embeddings [N, d] out. V is drawn from N(0, 1/inputDim), b = 0; mean and scale stay as the given features have them.
 */
export function linearEmbedding({ features, rows, inputDim, dim, seed }: LinearEmbeddingOptions): Model {
  const graph = new GraphBuilder({ name: 'embedding' });
  const { mean, scale } = standardisation(rows, inputDim);
  const random = createRandom(seed).fork('embedding');
  const constant = (name: string, dims: readonly number[], data: Float32Array): string =>
    graph.initializer(name, { type: 'float32', dims, data });
  const weight = Float32Array.from({ length: dim * inputDim }, () => random.normal() / Math.sqrt(inputDim));
  const input = graph.input('features', 'float32', ['N', inputDim]);
  const centered = graph.op('Sub', [input, constant('features.mean', [inputDim], mean)]);
  const scaled = graph.op('Mul', [centered, constant('features.scale', [], Float32Array.of(scale))]);
  const parameters = [
    constant('embedding.weight', [dim, inputDim], weight),
    constant('embedding.bias', [dim], new Float32Array(dim)),
  ];
  const output = graph.op(
    'Gemm',
    [scaled, ...parameters],
    { transB: { int: 1 } },
    { outputs: ['embedding'] },
  );
  graph.output(output, 'float32', ['N', dim]);
  return withMetadata(graph.build(), FEATURES, JSON.stringify(features));
}

/** Mean of each feature, and one over the root mean square of all of them around it. */
function standardisation(features: Float32Array, dim: number): { mean: Float32Array; scale: number } {
  const count = features.length / dim;
  const sums = new Float64Array(dim);
  for (let i = 0; i < features.length; i++) sums[i % dim]! += features[i]!;
  const mean = Float32Array.from(sums, (sum) => sum / count);
  let squares = 0;
  for (let i = 0; i < features.length; i++) squares += (features[i]! - mean[i % dim]!) ** 2;
  return { mean, scale: 1 / (Math.sqrt(squares / features.length) || 1) };
}

/**
 * The features that a model stands on; undefined for a network of pictures.
 *
 * @param path of its file
 * @throws RunFolderError if they are none
 */
export function featuresOf(model: Model, path: string): FeatureConfig | undefined {
  const text = metadataOf(model, FEATURES);
  if (text === undefined) return undefined;
  try {
    const features = JSON.parse(text) as FeatureConfig;
    checkFeatures(features);
    return features;
  } catch (cause) {
    throw new RunFolderError(
      `'${path}' with features = ${text}`,
      'a model that this program wrote',
      'take an unchanged file.',
      cause,
    );
  }
}
