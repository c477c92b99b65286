export { checkConfig } from './config/check-config.ts';
export { resolveConfig, type TrainFlags } from './config/resolve-config.ts';
export type {
  CommonTraining,
  DataConfig,
  EmbeddingTraining,
  EvaluationConfig,
  FeatureConfig,
  NetworkConfig,
  NetworkTraining,
  TrainConfig,
  TrainedPart,
} from './config/train-config.ts';
export {
  BackboneError,
  BatchMemoryError,
  DivergedError,
  OutputError,
  RunFolderError,
  UsageError,
} from './errors.ts';
export { type FaceModel, readModel, writeModel } from './model/face-model.ts';
export { embedAll, type LinearEmbedding } from './model/linear-embedding.ts';
export { createRunFolder, openRunFolder, type RunFolder } from './run/run-folder.ts';
export type { RunPlace, TrainOutcome } from './training/job.ts';
export { train } from './training/train.ts';
