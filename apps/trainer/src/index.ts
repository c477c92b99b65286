export { checkConfig } from './config/check-config.ts';
export { resolveConfig, type TrainFlags } from './config/resolve-config.ts';
export {
  BACKBONES,
  type BackboneName,
  type CommonTraining,
  type DataConfig,
  type EmbeddingTraining,
  type EvaluationConfig,
  type FeatureConfig,
  type NetworkConfig,
  type NetworkTraining,
  type TrainConfig,
  type TrainedPart,
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
