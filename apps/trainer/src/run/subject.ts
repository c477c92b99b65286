import type { NamedSamples } from '../dataset/picture-samples.ts';
import type { NetworkInTraining } from '../engines/network-in-training.ts';
import type { Embedder } from '../engines/onnx-network.ts';
import type { FeatureTable } from '../features/feature-table.ts';
import type { NamedResult } from '../report/score-model.ts';
import type { RunFolder } from './run-folder.ts';
import type { TrainingFit } from './training-fit.ts';

/** What a job trains and scores: a network on pictures, or a linear embedding on their features. */
export interface Subject {
  readonly run: RunFolder;
  /** Such as `mobilefacenet, all layers: 112×112 → 512`. */
  readonly description: string;
  /** What was done to a file, what trains: a sentence each. */
  readonly notes: readonly string[];
  /** Tells it from other networks, other first weights and other features. */
  readonly fingerprint: string;
  readonly samples: NamedSamples;
  /** The picture of each sample, by its place in the list. */
  readonly pictures: ArrayLike<number>;
  /** Which pictures of the list could be read. */
  readonly indices: Int32Array;
  /** What is to be trained. */
  readonly network: NetworkInTraining;
  /** The same once more, as it was before training; to be disposed of. */
  openAgain(): Promise<NetworkInTraining>;
  /** Embeddings of the pictures that are trained on. */
  embedTrained(network: Embedder): Promise<FeatureTable>;
  /** Scores of what there is without training. */
  scoreBefore(): Promise<readonly NamedResult[]>;
  score(name: string, network: Embedder, fit?: TrainingFit): Promise<readonly NamedResult[]>;
}
