export type { Communicator, Exchanged } from './communicator/communicator.ts';
export { InProcessRanks, type InProcessRanksOptions } from './communicator/in-process-ranks.ts';
export { CfError, type CfErrorDetails } from './errors/cf-error.ts';
export {
  requireAngle,
  requireChoice,
  requireFinite,
  requireInteger,
  requireNonNegative,
  requirePositive,
  requireRange,
} from './errors/check-options.ts';
export {
  BackendError,
  LabelOutOfRangeError,
  NonFiniteError,
  OptionOutOfRangeError,
  ShapeMismatchError,
  StateMismatchError,
  UnknownNameError,
} from './errors/errors.ts';
export { nearestName } from './errors/nearest-name.ts';
export {
  type OptionNames,
  type OptionType,
  type OptionTypes,
  requireKnownOptions,
  requireOptions,
} from './errors/option-types.ts';
export { printable } from './errors/printable.ts';
export type { UnsafeOption } from './errors/published-domain.ts';
export { firstLine, reasonOf } from './errors/reason-of.ts';
export { type CheckedInput, checkInput, requireFiniteTensor } from './head/check-input.ts';
export { checkLabels } from './head/check-labels.ts';
export type {
  Backend,
  ClassSample,
  FloatArray,
  GradientRows,
  GradientTaker,
  Head,
  HeadDiagnostics,
  HeadInput,
  HeadInspection,
  HeadOptions,
  HeadOutput,
} from './head/contract.ts';
export { headDiagnostics, meanOf, type StepCounts } from './head/diagnostics.ts';
export { dotProduct } from './head/dot-product.ts';
export { requireClassValues } from './head/phases/class-values.ts';
export { closeBatch, type ReducedBatch } from './head/phases/close-batch.ts';
export { type MeanRegulariser, meanRegulariser } from './head/phases/formulas/mean-regulariser.ts';
export {
  type NegativeLogLikelihood,
  type NegativeSum,
  negativeLogLikelihood,
  softplus,
} from './head/phases/formulas/negative-log-likelihood.ts';
export {
  type BinaryTerms,
  biased,
  binaryTerms,
  type NegativeTerms,
  negativeSumNames,
  negativeTerms,
} from './head/phases/formulas/negative-terms.ts';
export {
  type PreparedSamples,
  type PreparedTarget,
  prepareSamples,
  type SamplePoints,
  targetOfSums,
} from './head/phases/formulas/prepare-samples.ts';
export {
  type ReducedSamples,
  reduceSamples,
  type SampleSums,
  weightSamples,
} from './head/phases/formulas/reduce-samples.ts';
export {
  type TargetAngle,
  targetAngle,
  targetTangent,
  type UnitSums,
} from './head/phases/formulas/target-angle.ts';
export {
  biasSlope,
  type TargetGradient,
  type TargetSlopes,
  targetSlopes,
} from './head/phases/formulas/target-slopes.ts';
export { handOver } from './head/phases/gradient-rows.ts';
export { HardNegativeCounter, type NegativeCounts } from './head/phases/hard-negatives.ts';
export {
  type ClassGradients,
  type ClassPasses,
  type HeadStep,
  headStep,
  type PairsSeen,
} from './head/phases/head-step.ts';
export { emptyLogSumExp, type LogSumExp, mergeLogSumExp } from './head/phases/log-sum-exp.ts';
export { type Meetings, meetingsOf, type NegativesSeen } from './head/phases/meetings.ts';
export type { BatchContext } from './head/phases/open-batch.ts';
export { marginDraws, type PreparedBatch, prepareBatch } from './head/phases/prepare-batch.ts';
export { type Eventually, runNow, runSteps, type Steps, wait } from './head/phases/steps.ts';
export { surveyLoss } from './head/phases/survey.ts';
export {
  NO_TARGET,
  type TargetPoints,
  type TargetPointsInput,
  targetPoints,
} from './head/phases/target-points.ts';
export { type Allocate, plainRows, type UnitRows, unitRows } from './head/phases/unit-rows.ts';
export { requireHead } from './head/require-head.ts';
export {
  type ClassRange,
  type ClassRate,
  type SampledClasses,
  sampleClasses,
} from './head/sampled/sample-classes.ts';
export { type SampledHeadOptions, sampledHead } from './head/sampled/sampled-head.ts';
export { SharedTiles } from './head/shared-tiles.ts';
export {
  relativeError,
  rowNorms,
  STEP_TOLERANCE,
  type StepScales,
  stepScales,
} from './head/step-scales.ts';
export { buildLabelMap, type LabelMap } from './labels/label-map.ts';
export { type AdaCosOptions, adaCos } from './losses/ada-cos.ts';
export { type AdaFaceOptions, adaFace } from './losses/ada-face.ts';
export { type ArcFaceClassOptions, type ArcFaceOptions, arcFace } from './losses/arc-face.ts';
export { type ArcNegFaceOptions, arcNegFace } from './losses/arc-neg-face.ts';
export { type CircleLossOptions, circleLoss } from './losses/circle-loss.ts';
export type { ClassMargins } from './losses/class-margins.ts';
export { type CombinedOptions, combined } from './losses/combined.ts';
export type { MarginLossParts } from './losses/compose-loss.ts';
export { type CosFaceClassOptions, type CosFaceOptions, cosFace } from './losses/cos-face.ts';
export {
  type CurricularFaceOptions,
  type CurricularMargin,
  curricularFace,
} from './losses/curricular-face.ts';
export { CURRICULAR_STATISTICS, type CurricularStatistic } from './losses/curricular-statistics.ts';
export { type DynamicArcFaceOptions, dynamicArcFace } from './losses/dynamic-arc-face.ts';
export {
  type ElasticArcFaceOptions,
  type ElasticAssignment,
  type ElasticCosFaceOptions,
  type ElasticOptions,
  elasticArcFace,
  elasticCosFace,
} from './losses/elastic-face.ts';
export { type LiArcFaceOptions, liArcFace } from './losses/li-arc-face.ts';
export { logitScale } from './losses/logit-scale.ts';
export type { LossData, LossDefinition, LossParameters } from './losses/loss-definition.ts';
export type { LossFactory } from './losses/loss-factory.ts';
export { type MagFaceOptions, magFace } from './losses/mag-face.ts';
export type {
  BatchStatistics,
  BiasParameter,
  Geometry,
  MarginDrawer,
  MarginLoss,
  NegativeSums,
  Prepared,
  RegulariserValue,
} from './losses/margin-loss.ts';
export {
  type HardWeightOptions,
  type MvAmSoftmaxOptions,
  type MvArcSoftmaxOptions,
  mvAmSoftmax,
  mvArcSoftmax,
} from './losses/mv-softmax.ts';
export { normFace, type ScaleOptions } from './losses/norm-face.ts';
export { type NpcFaceOptions, npcFace } from './losses/npc-face.ts';
export { marginLoss } from './losses/own-loss.ts';
export { LOSS_PRESETS, type LossPreset } from './losses/presets.ts';
export {
  createLoss,
  LOSS_NAMES,
  lossOf,
  lossOptions,
  registerLoss,
} from './losses/registry.ts';
export { requireLoss } from './losses/require-loss.ts';
export { smoothed } from './losses/smoothed.ts';
export { type SoftmaxOptions, softmax } from './losses/softmax.ts';
export { type SphereFaceOptions, sphereFace } from './losses/sphere-face.ts';
export { type SphereFace2Options, sphereFace2 } from './losses/sphere-face-2.ts';
export { type SphereFaceROptions, sphereFaceR } from './losses/sphere-face-r.ts';
export { bceFace, type UniFaceOptions, uniFace } from './losses/uni-face.ts';
export { focal, ohem, selfPaced, withWeighting } from './losses/weighted.ts';
export { type X2SoftmaxOptions, x2Softmax } from './losses/x2-softmax.ts';
export { type AngleParts, addAngle, angleParts, angleSlope, constantAngle } from './margin/add-angle.ts';
export { additiveCosineMargin, subtractMargin } from './margin/additive-cosine-margin.ts';
export { angularMargin } from './margin/angular-margin.ts';
export {
  type CombinedMarginOptions,
  type CombinedMargins,
  combinedMargin,
} from './margin/combined-margin.ts';
export { type GradientMode, inGradientMode } from './margin/gradient-mode.ts';
export { noMargin } from './margin/no-margin.ts';
export { sphereMargin } from './margin/sphere-margin.ts';
export type {
  AngularMarginOptions,
  BeyondPi,
  SampleValues,
  TargetMargin,
  TargetPoint,
  TargetValue,
} from './margin/target-margin.ts';
export { emphasisedMask } from './modulation/emphasised-mask.ts';
export { hardMask } from './modulation/hard-mask.ts';
export {
  curricularModulation,
  type Modulation,
  misclassifiedVectorModulation,
  type NegativeValue,
  plainModulation,
} from './modulation/modulation.ts';
export { COSINE_BOUND, NORM_FLOOR, SIN_FLOOR } from './numerics.ts';
export { type BinaryOptions, binaryObjective } from './objective/binary-objective.ts';
export type {
  BinaryObjective,
  Objective,
  PairLoss,
  SampleLogits,
  SampleLoss,
  SoftmaxObjective,
} from './objective/objective.ts';
export { smoothedSoftmax } from './objective/smoothed-softmax.ts';
export { softmaxObjective } from './objective/softmax-objective.ts';
export { everyOperation, type OperationName } from './ops/every-operation.ts';
export { type BatchOps, detached, named, straightThrough, type TensorOps } from './ops/tensor-ops.ts';
export { type Node, type TracedFormula, traceFormula } from './ops/trace.ts';
export { type DropoutKeys, type DropoutLayer, fillDropoutMask } from './random/dropout-mask.ts';
export { fillUniform, hashOfName } from './random/keyed-uniform.ts';
export { drawMargins, keyedNormal, type MarginDraws } from './random/margin-draws.ts';
export { createRandom, type Random, type ShuffleList } from './random/random.ts';
export {
  type LastBatch,
  type Sampler,
  type UniformSamplerOptions,
  uniformSampler,
} from './random/sampler.ts';
export {
  type BatchOptions,
  cutBatches,
  shuffledBatches,
  shuffleForEpoch,
} from './random/shuffled-batches.ts';
export { type BatchMask, type BatchValues, batchOps, sampleAt, scalarsOf } from './readings/batch.ts';
export { type Dual, dualOps, fixed, variable } from './readings/dual.ts';
export {
  type LossEquations,
  lossEquations,
  type WeightingEquations,
  weightingEquations,
} from './readings/equations.ts';
export { type Interval, interval, intervalOps, type Possible } from './readings/interval.ts';
export { type JavaScriptSource, toJavaScript, toJavaScriptFunction } from './readings/javascript.ts';
export { type Latex, latexOps, latexWithDefinitions, symbol } from './readings/latex.ts';
export { numberOps } from './readings/number.ts';
export { type AccumulatedOutput, accumulatedStep } from './reference/accumulated-step.ts';
export { referenceBackend } from './reference/reference-backend.ts';
export { referenceStep } from './reference/reference-step.ts';
export { type Tile, type TileSource, type TileStream, tileStream } from './reference/tiles.ts';
export {
  batchMean,
  EMA_PRESETS,
  type EmaPreset,
  type EmaScheduler,
  ema,
  emaScheduler,
  emaWeight,
} from './scheduler/ema.ts';
export { checkState, initialState, type LossState } from './state/loss-state.ts';
export {
  CURRICULUM_SHAPES,
  type CurriculumPace,
  type CurriculumShape,
  curriculumOrder,
  curriculumShare,
  curriculumSubset,
} from './weighting/classic-curriculum.ts';
export { type FocalOptions, focalWeighting } from './weighting/focal.ts';
export { type OhemOptions, ohemWeighting } from './weighting/ohem.ts';
export { readsLosses } from './weighting/reads-losses.ts';
export type {
  Mode,
  ReducedLosses,
  SampleLosses,
  SampleWeighting,
  StateValues,
} from './weighting/sample-weighting.ts';
export {
  paceAfter,
  type SelfPacedOptions,
  type SelfPacedRegulariser,
  selfPacedWeighting,
} from './weighting/self-paced.ts';
export { uniformWeighting } from './weighting/uniform.ts';
