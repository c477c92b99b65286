export type { LossDefinition } from '@cf/core';
export { type TfjsBackendOptions, tfjsBackend } from './backend/tfjs-backend.ts';
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
