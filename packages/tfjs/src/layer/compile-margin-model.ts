import {
  type OptionNames,
  OptionOutOfRangeError,
  requireChoice,
  requireKnownOptions,
  ShapeMismatchError,
} from '@cf/core';
import type * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { MarginHead, type MarginHeadConfig, registerMarginHead } from './margin-head-layer.ts';

/** How a model is trained, whether it is new or loaded. */
export interface MarginCompileOptions {
  readonly optimizer: string | tf.Optimizer;
  /**
   * Shown beside the loss: `accuracy` (share of samples nearest to their own class center) and values of the loss's state,
   * such as `t`. Default none.
   */
  readonly metrics?: readonly string[];
  /**
   * Weights of the classes in the loss, finite and ≥ 0: [C]. Default 1 each. `classWeight` of `model.fit` would weigh
   * whole batches.
   */
  readonly classWeights?: ArrayLike<number>;
}

/** A margin loss on a backbone. */
export interface MarginModelOptions extends MarginCompileOptions, MarginHeadConfig {}

/**
 * Puts a margin loss on a backbone and compiles the model, so that `model.fit(x, labels)` trains both.
 *
 * Targets are class numbers, [N] or [N, 1], a tensor of int32 or float32: `tf.tensor1d(Int32Array.from(labels, Number), 'int32')`
 * of an array of any numbers or of bigint. The model's output is the backbone's embedding, so `model.predict(x)` embeds.
 * A model that ends in a {@link MarginHead}, such as one that `tfl.loadLayersModel` gave, is compiled as it is:
 * then the loss, the classes and all other options of the head are its own and are left out.
 *
 * @throws UnknownNameError, OptionOutOfRangeError, ShapeMismatchError
 */
export function compileMarginModel(
  model: tfl.LayersModel,
  options: MarginModelOptions | MarginCompileOptions,
): tfl.LayersModel {
  requireKnownOptions('compileMarginModel', options, OPTIONS);
  registerMarginHead();
  const { optimizer, metrics = [], classWeights, ...ofHead }: MarginCompileOptions & HeadOptions = options;
  const compiled = withHead(model, ofHead);
  const head = marginHeadOf(compiled);
  head.classWeights = classWeights && checkedClassWeights(classWeights, head.classes);
  compiled.compile({
    optimizer,
    loss: head.lossFunction,
    metrics: metrics.map((name) => metricOf(head, name)),
  });
  return compiled;
}

/** The {@link MarginHead} that a model ends in. @throws ShapeMismatchError where it ends in another layer */
export function marginHeadOf(model: tfl.LayersModel): MarginHead {
  const layer = lastLayer(model);
  if (layer instanceof MarginHead) return layer;
  throw new ShapeMismatchError(
    `a model that ends in ${layer?.getClassName() ?? 'nothing'}`,
    'one that ends in MarginHead',
    'put one on with compileMarginModel(backbone, { loss, classes, optimizer }).',
  );
}

/**
 * The backbone alone, without class centers, sharing its weights: images → embeddings [B, d].
 *
 * @throws ShapeMismatchError where the model does not end in a {@link MarginHead}
 */
export function embeddingModel(model: tfl.LayersModel): tfl.LayersModel {
  const { input } = marginHeadOf(model);
  return tfl.model({ inputs: model.inputs, outputs: input });
}

function checkedClassWeights(given: ArrayLike<number>, classes: number): Float32Array {
  if (given.length !== classes) {
    throw new ShapeMismatchError(
      `classWeights [${given.length}]`,
      `[${classes}]`,
      'give one weight a class.',
    );
  }
  const weights = Float32Array.from(given);
  for (const [label, weight] of weights.entries()) {
    if (weight >= 0 && weight < Number.POSITIVE_INFINITY) continue;
    throw new OptionOutOfRangeError(
      `classWeights[${label}]`,
      given[label],
      'a weight ≥ 0, finite in float32',
      'give a weight of 0 to leave a class out.',
    );
  }
  return weights;
}

const OPTIONS: OptionNames<MarginModelOptions> = {
  optimizer: true,
  metrics: true,
  classWeights: true,
  loss: true,
  params: true,
  classCounts: true,
  classes: true,
  subCenters: true,
  tileSize: true,
  keepBytes: true,
  centersStd: true,
  centersSeed: true,
  name: true,
};

/** What makes the head of a model that has none yet. */
type HeadOptions = Partial<Omit<MarginModelOptions, keyof MarginCompileOptions>>;

function withHead(model: tfl.LayersModel, options: HeadOptions): tfl.LayersModel {
  if (lastLayer(model) instanceof MarginHead) {
    const given = Object.entries(options).find(([, value]) => value !== undefined);
    if (given === undefined) return model;
    const [name, value] = given;
    throw new OptionOutOfRangeError(
      name,
      value,
      `no ${name} for a model that has a head of its own`,
      `leave ${name} out, or pass embeddingModel(model).`,
    );
  }
  const { loss, ...rest } = options;
  if (loss === undefined) {
    throw new OptionOutOfRangeError(
      'loss',
      loss,
      'a loss for a model without one',
      'give loss: curricularFace(), or its name.',
    );
  }
  if (model.outputs.length !== 1) {
    throw new ShapeMismatchError(
      `a backbone with ${model.outputs.length} outputs`,
      'one output, [batch, dim]',
    );
  }
  const head = new MarginHead({ ...(rest as MarginModelOptions), loss });
  const outputs = head.apply(model.outputs) as tfl.SymbolicTensor;
  return tfl.model({ inputs: model.inputs, outputs });
}

function lastLayer(model: tfl.LayersModel): tfl.layers.Layer | undefined {
  return model.outputs[0]?.sourceLayer;
}

/** Keras names a metric after its function. */
function metricOf(head: MarginHead, name: string): () => tf.Tensor {
  requireChoice('metrics', name, ['accuracy', ...Object.keys(head.loss.initialValues)]);
  const metric = name === 'accuracy' ? head.accuracyFunction : head.stateFunction(name);
  return Object.defineProperty(() => metric(), 'name', { value: name });
}
