export {
  BackboneError,
  BatchMemoryError,
  DivergedError,
  MissingPackageError,
  OutputError,
  RunFolderError,
  UsageError,
} from './errors.ts';
export { cardMarkdown } from './export/card-markdown.ts';
export {
  type CardScore,
  type Facts,
  type MeasuredFile,
  type ModelCard,
  type Preprocessing,
  type QuantisationFacts,
  withCard,
} from './export/model-card.ts';
export type { RunPlace, TrainOutcome } from './run/job.ts';
export { createRunFolder, openRunFolder, type RunFolder } from './run/run-folder.ts';
export { train } from './run/train.ts';
export { checkConfig } from './settings/check-config.ts';
export type { TrainFlags } from './settings/fields.ts';
export { resolveConfig } from './settings/resolve-config.ts';
export type {
  DataConfig,
  EmbeddingTraining,
  EvaluationConfig,
  FeatureConfig,
  NetworkConfig,
  NetworkTraining,
  TrainConfig,
} from './settings/train-config.ts';
