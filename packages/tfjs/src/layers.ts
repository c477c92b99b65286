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
