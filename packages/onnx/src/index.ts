export { BACKBONE_INPUT, BACKBONE_OUTPUT, onnxModel } from './backbones/onnx-model.ts';
export { GraphBuilder, type GraphBuilderOptions, type NodeOptions } from './builder/graph-builder.ts';
export {
  OnnxFileError,
  OnnxGraphError,
  OnnxOpsetError,
  RefusedModelError,
  UnsupportedOperatorError,
  WrongResultsError,
} from './errors.ts';
export { type GradientModel, type GradientOptions, gradient } from './gradient/gradient.ts';
export { supportedOperators } from './gradient/rule-table.ts';
export {
  type Activations,
  type SplitGradient,
  type SplitGradientOptions,
  splitGradient,
} from './gradient/split-gradient.ts';
export type { EmbeddingSums } from './head/embedding-sums.ts';
export { type OnnxBackendOptions, onnxBackend } from './head/onnx-backend.ts';
export type { HeadPart, OnPart } from './head/tile-pass.ts';
export type {
  BackwardTile,
  ForwardTile,
  HeadProducts,
  ProductsPlan,
  ProductTile,
  TileProducts,
} from './head/tile-products.ts';
export {
  type Attributes,
  type AttributeValue,
  attributeOf,
  floatAttribute,
  intAttribute,
  intsAttribute,
  stringAttribute,
} from './model/attributes.ts';
export { decodeModel, encodeModel } from './model/codec.ts';
export { sizeOf } from './model/dims.ts';
export type { ElementArrays, ElementType } from './model/element-type.ts';
export {
  type ExternalFile,
  type ExternalRange,
  externalFiles,
  type SplitModel,
  type SplitOptions,
  splitExternalData,
  withExternalData,
} from './model/external-data.ts';
export { metadataOf, withMetadata } from './model/metadata.ts';
export type {
  Attribute,
  Dimension,
  Graph,
  Model,
  Node,
  Shape,
  TensorProtoValue,
  ValueInfo,
} from './model/model.ts';
export { DEFAULT_OPSET, NEWEST_OPSET, OLDEST_OPSET, opsetOf } from './model/opset.ts';
export { createTensor, readTensor, type TensorData } from './model/tensor.ts';
export { declaredShape, declaredType } from './model/value-info.ts';
export { type OptimiserGraph, optimiserGraph } from './optimisers/optimiser-graph.ts';
export {
  type ExpectedPixels,
  expectedPixels,
  ownNormalisation,
  PIXELS_KEY,
} from './passes/expected-pixels.ts';
export { type Embed, requireSeparateSamples } from './passes/free-batch/require-separate-samples.ts';
export { type FromFloat32Options, fromFloat32 } from './passes/half-precision/from-float32.ts';
export type { HalfType } from './passes/half-precision/half-tensors.ts';
export { toFloat32 } from './passes/half-precision/to-float32.ts';
export {
  type InspectedLayer,
  type InspectedRefusal,
  type InspectedValue,
  type InspectOptions,
  inspectModel,
  type ModelInspection,
} from './passes/inspection/inspect-model.ts';
export { type LowMemory, lowMemory } from './passes/inspection/low-memory.ts';
export type { TrainingMemory } from './passes/inspection/training-memory.ts';
export type { Note } from './passes/note.ts';
export { type PreparedModel, type PrepareOptions, prepareModel } from './passes/prepare-model.ts';
export type { RunningStatistic } from './passes/training-form/batch-normalization.ts';
export type { DropoutMask } from './passes/training-form/dropout.ts';
export { fixedWeights, markFixedWeights } from './passes/training-form/fixed-weights.ts';
export type { FrozenConstant, Parameter } from './passes/training-form/parameters.ts';
export { smallestBatch } from './passes/training-form/smallest-batch.ts';
export { requireTrainable } from './passes/training-form/trainability.ts';
export {
  type TrainingForm,
  type TrainingFormOptions,
  trainingForm,
} from './passes/training-form/training-form.ts';
export { type Frozen, frozenOf, type SharedWeight } from './passes/training-form/what-trains.ts';
export { withFloatInput, withInputShape } from './passes/with-input-shape.ts';
export { readWeights, withWeights } from './passes/with-weights.ts';
export type { NetworkProofOptions } from './proof/network-deviation.ts';
export { proveKernels } from './proof/prove-kernels.ts';
export { proveProducts } from './proof/prove-products.ts';
export {
  PROOF_TOLERANCE,
  type ProviderProof,
  type ProviderProofOptions,
  proveProvider,
} from './proof/prove-provider.ts';
export {
  type Calibration,
  type CalibrationBatch,
  type CalibrationOptions,
  calibrate,
} from './quantisation/calibrate.ts';
export { RANGE_METHODS, type RangeMethod } from './quantisation/choose-range.ts';
export type { ValueRange } from './quantisation/linear-scale.ts';
export { type QuantisedModel, type QuantiseOptions, quantise } from './quantisation/quantise.ts';
export type { WeightType } from './quantisation/quantised-weights.ts';
export type { OnnxRuntime } from './runtime/onnx-runtime.ts';
export { type SessionModel, sessionModel } from './runtime/session-model.ts';
export { type FillingSession, type SessionOpener, sessionOpener } from './runtime/sessions.ts';
export { createTrainingSession } from './training/create-training-session.ts';
export { onnxLearner } from './training/onnx-learner.ts';
export type { TrainingSessionOptions, TrainingState } from './training/options.ts';
export type {
  BatchPasses,
  Forwarded,
  PassOptions,
  Targets,
  TrainingKernels,
  TrainingPasses,
} from './training/passes.ts';
export type { TrainingSession } from './training/training-session.ts';
export { upgradeModel } from './upgrade/upgrade-model.ts';
