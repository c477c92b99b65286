export type { LossDefinition } from '@cf/core';
export { type TfjsBackendOptions, tfjsBackend } from './backend/tfjs-backend.ts';
export {
  compileMarginModel,
  embeddingModel,
  type MarginCompileOptions,
  type MarginModelOptions,
  marginHeadOf,
} from './layer/compile-margin-model.ts';
export type { GivenLoss } from './layer/loss-definition.ts';
export { MarginHead, type MarginHeadConfig, registerMarginHead } from './layer/margin-head-layer.ts';
export { layersOf } from './learner/layers-of.ts';
export { type TfjsLearnerOptions, tfjsLearner } from './learner/tfjs-learner.ts';
export { layersModel } from './networks/layers-model.ts';
export { type LayersWeight, layersWeights, setLayersWeights } from './networks/layers-weights.ts';
export type { NamedWeight } from './networks/weight-layout.ts';
export { tfBatchOps } from './ops/tf-batch-ops.ts';
export { tfOps } from './ops/tf-ops.ts';
export type { HardNegatives } from './step/hard-negatives.ts';
export { assignState, stateFromTensors, stateToTensors, stateVariables } from './step/state-tensors.ts';
export type { StateTensors } from './step/step-input.ts';
export type { TensorHeadOutput } from './step/tensor-step.ts';
export {
  type MarginHeadOptions,
  marginHead,
  type TensorHead,
} from './tensor-head/margin-head.ts';
export type { TensorHeadInput } from './tensor-head/tensor-head-input.ts';
export { registerTrainingKernels } from './training-kernels/register.ts';
