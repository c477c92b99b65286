export { DivergedError } from './errors.ts';
export { headOfPublished, type PublishedCenters, publishedHead } from './interop/published-head.ts';
export type { Learner, LearnerBatch, LearnerUpdate, SampleData } from './learner/learner.ts';
export type { NamedTensor, NamedTensors } from './learner/named-tensors.ts';
export {
  type BiasOwner,
  type Checkpoint,
  type CheckpointValues,
  checkpointOf,
  stateFrom,
} from './loop/checkpoint.ts';
export {
  type ClassShard,
  classRows,
  type SplitCheckpoint,
  splitCheckpoint,
  stateOfShare,
} from './loop/checkpoint-shards.ts';
export type { StepMetrics, TrainingEvent } from './loop/events.ts';
export { type Share, shareOf } from './loop/rank-shares.ts';
export { type BatchKey, type BatchRequest, classCount, type TrainingSamples } from './loop/samples.ts';
export type { Shadow, ShadowCosines, ShadowMetrics, ShadowStates, Shadows } from './loop/shadows.ts';
export { defaultSampler, train } from './loop/train.ts';
export {
  type FirstStateOptions,
  firstHeadState,
  type HeadState,
  type TrainedArray,
  type TrainingState,
} from './loop/training-state.ts';
export type { TrainingOptions, TrainingTask } from './loop/training-task.ts';
export { type AdamWOptions, adamw } from './optimiser/adamw.ts';
export { type ArrayOptimiser, arrayOptimiser } from './optimiser/array-optimiser.ts';
export {
  type LearnerOptimiser,
  type LearnerOptimiserOptions,
  learnerOptimiser,
  type ParameterSettings,
} from './optimiser/learner-optimiser.ts';
export type { ArrayUpdate, OptimiserRule, UpdateInput, UpdateOutput } from './optimiser/optimiser-rule.ts';
export {
  NO_DECAY_ON_NORM_AND_BIAS,
  PARAMETER_KINDS,
  type ParameterGroup,
  type ParameterKind,
} from './optimiser/parameter-groups.ts';
export { type RowClipping, type RowUpdate, rowUpdate } from './optimiser/row-update.ts';
export { type SgdOptions, sgd } from './optimiser/sgd.ts';
export {
  learningRateAt,
  SCHEDULE_NAMES,
  type Schedule,
  type ScheduleName,
} from './schedule/learning-rate.ts';
export {
  dominantCenters,
  type LabelledEmbeddings,
  type LabelSuspect,
  type LabelSuspects,
  labelSuspects,
  type SubCenters,
} from './suspects/label-suspects.ts';
