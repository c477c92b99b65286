export type { HardNegatives } from './hard-negatives.ts';
export {
  compileMarginModel,
  embeddingModel,
  type MarginCompileOptions,
  type MarginModelOptions,
  marginHeadOf,
} from './layer/compile-margin-model.ts';
export type { LossDefinition } from './layer/loss-definition.ts';
export { MarginHead, type MarginHeadConfig, registerMarginHead } from './layer/margin-head-layer.ts';
export { layersOf } from './learner/layers-of.ts';
export { type TfjsLearnerOptions, tfjsLearner } from './learner/tfjs-learner.ts';
export {
  type MarginHeadOptions,
  marginHead,
  type TensorHead,
  type TensorHeadInput,
  type TensorHeadOutput,
} from './margin-head.ts';
export { layersModel } from './networks/layers-model.ts';
export { type LayersWeight, layersWeights, setLayersWeights } from './networks/layers-weights.ts';
export type { NamedWeight } from './networks/weight-layout.ts';
export { assignState, stateFromTensors, stateToTensors, stateVariables } from './state-tensors.ts';
export type { StateTensors } from './step-input.ts';
export { tfBatchOps } from './tf-batch-ops.ts';
export { tfOps } from './tf-ops.ts';
export { type TfjsBackendOptions, tfjsBackend } from './tfjs-backend.ts';
export { registerTrainingKernels } from './training-kernels/register.ts';
