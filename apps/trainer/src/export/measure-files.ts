import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { cosineSimilarity } from '@cf/eval';
import type { Model } from '@cf/onnx';
import { median, secondsOf } from '../bench/timing.ts';
import type { Dataset } from '../dataset/dataset.ts';
import type { LoadOptions } from '../dataset/image-source.ts';
import { imagesOfPairs } from '../dataset/verification-pairs.ts';
import { type EmbeddingNetwork, openOnnxNetwork } from '../engines/onnx-network.ts';
import type { PixelForm } from '../engines/pixel-form.ts';
import { extractFeatures, type FeatureTable } from '../features/feature-table.ts';
import { networkExtractor } from '../features/onnx-backbone.ts';
import { resultsAsJson, scoreModel } from '../report/score-model.ts';
import { cardScore } from './card-facts.ts';
import type { MeasuredFile, QuantisationFacts } from './model-card.ts';

/** A file, and the model in it. */
export interface WrittenNetwork {
  readonly path: string;
  /** The file, and those beside it that have its weights. */
  readonly files: readonly string[];
  readonly model: Model;
}

const TIMED_RUNS = 15;

/** Scores, sizes and times of a network as it is and in bytes, and how far their embeddings are apart. */
export async function measureFiles(
  float: WrittenNetwork,
  quantised: WrittenNetwork,
  {
    pixels,
    dataset,
    options,
  }: { readonly pixels: PixelForm; readonly dataset: Dataset; readonly options: LoadOptions },
): Promise<Pick<QuantisationFacts, 'cosine' | 'float' | 'quantised'>> {
  const networks: EmbeddingNetwork[] = [];
  try {
    for (const { path, model } of [float, quantised])
      networks.push(await openOnnxNetwork(path, model, pixels));
    const [whole, bytes] = networks as [EmbeddingNetwork, EmbeddingNetwork];
    const tables = [
      await embedded(float, whole, dataset, options),
      await embedded(quantised, bytes, dataset, options),
    ];
    const times = await timed([whole, bytes]);
    const [one, other] = await Promise.all(
      [float, quantised].map((file, i) => measured(file, tables[i]!, times[i]!, dataset)),
    );
    return { cosine: cosines(tables[0]!, tables[1]!), float: one!, quantised: other! };
  } finally {
    for (const network of networks) await network.dispose();
  }
}

async function embedded(
  { path }: WrittenNetwork,
  network: EmbeddingNetwork,
  { images, verification }: Dataset,
  options: LoadOptions,
): Promise<FeatureTable> {
  const scored = [...imagesOfPairs(verification)].sort((a, b) => a - b);
  const extractor = networkExtractor(path, network);
  const table = await extractFeatures(`scoring ${basename(path)}`, images.some(scored), extractor, {
    ...options,
    mirror: () => false,
  });
  return { ...table, indices: table.indices.map((index) => scored[index]!) };
}

async function measured(
  { path, files }: WrittenNetwork,
  table: FeatureTable,
  seconds: number,
  { verification }: Dataset,
): Promise<MeasuredFile> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const [result] = resultsAsJson(scoreModel(basename(path), table, verification));
  return {
    file: basename(path),
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    milliseconds: seconds * 1000,
    score: cardScore(result as Parameters<typeof cardScore>[0]),
  };
}

/** Seconds of one picture, the networks in turn. */
async function timed(networks: readonly EmbeddingNetwork[]): Promise<readonly number[]> {
  const seconds = networks.map((): number[] => []);
  for (let run = 0; run < TIMED_RUNS; run++)
    for (const [i, { run: embed, shape }] of networks.entries()) {
      const picture = Float32Array.from({ length: 3 * shape.width * shape.height }, (_, k) => (k * 37) % 256);
      seconds[i]!.push(await secondsOf(() => embed(picture, 1)));
    }
  return seconds.map(median);
}

/** Of the embeddings of each picture by both. */
function cosines(one: FeatureTable, other: FeatureTable): QuantisationFacts['cosine'] {
  const { dim } = one;
  let [sum, least] = [0, 1];
  for (let row = 0; row < one.indices.length; row++) {
    const [a, b] = [one, other].map(({ rows }) => rows.subarray(row * dim, (row + 1) * dim));
    const cosine = cosineSimilarity(a!, b!);
    sum += cosine;
    least = Math.min(least, cosine);
  }
  return { mean: sum / one.indices.length, least };
}
