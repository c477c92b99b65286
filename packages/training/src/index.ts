export type { Learner, LearnerBatch, LearnerUpdate } from './learner/learner.ts';
export type { NamedTensor, NamedTensors } from './learner/named-tensors.ts';
export type { OptimiserRule, ParameterKind, UpdateInput, UpdateOutput } from './optimiser/optimiser-rule.ts';
