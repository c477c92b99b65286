import { UnknownNameError } from '@cf/core';
import type * as tf from '@tensorflow/tfjs';

/** Values of a weight in PyTorch's and ONNX's layout. */
export interface NamedWeight {
  readonly dims: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
}

/** Where a variable of a layer is found in a file of named weights, and how its axes go there. */
export interface WeightLayout {
  /** `conv1.weight`, `bn1.running_mean` … */
  readonly name: string;
  readonly variable: tf.LayerVariable;
  /** Shape in which the variable is seen; as many numbers as it has. */
  readonly view: readonly number[];
  /** Axis i of the named weight is axis `axes[i]` of the view. */
  readonly axes: readonly number[];
  readonly dims: readonly number[];
}

type Feature = readonly number[];
type Place = Pick<WeightLayout, 'view' | 'axes' | 'dims'> & { readonly part: string };
type Rule = (shape: readonly number[], features: Feature) => Place;

/** By class of layer and by name of variable. */
const RULES: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  Conv2D: { kernel: convolution, bias: vector('bias') },
  DepthwiseConv2D: { depthwise_kernel: depthwise, bias: vector('bias') },
  Dense: { kernel: dense, bias: plainVector('bias') },
  PReLU: { alpha: slopes },
  BatchNormalization: {
    gamma: vector('weight'),
    beta: vector('bias'),
    moving_mean: vector('running_mean'),
    moving_variance: vector('running_var'),
  },
};

/** Layers after which features are still in the order in which `Flatten` put them. */
const KEEPS_ORDER: ReadonlySet<string> = new Set([
  'Dropout',
  'Activation',
  'ReLU',
  'LeakyReLU',
  'BatchNormalization',
]);

/**
 * Layouts of all weights of a network, layer by layer.
 *
 * @throws UnknownNameError if a layer with weights is of a class whose layout is not known
 */
export function weightLayouts(model: tf.LayersModel): WeightLayout[] {
  return model.layers.flatMap((layer) => layer.weights.map((variable) => layoutOf(layer, variable)));
}

function layoutOf(layer: tf.layers.Layer, variable: tf.LayerVariable): WeightLayout {
  const className = layer.getClassName();
  const rules = RULES[className];
  if (rules === undefined)
    throw new UnknownNameError('class of a layer with weights', className, Object.keys(RULES));
  const part = variable.originalName.split('/').at(-1)!;
  const rule = rules[part];
  if (rule === undefined) throw new UnknownNameError(`weight of ${className}`, part, Object.keys(rules));
  const { part: suffix, ...place } = rule(variable.shape as number[], flattenedFrom(layer));
  return { name: `${layer.name}.${suffix}`, variable, ...place };
}

/** [H, W, in, out] → [out, in, H, W]. */
function convolution([h, w, from, to]: readonly number[]): Place {
  return { part: 'weight', view: [h!, w!, from!, to!], axes: [3, 2, 0, 1], dims: [to!, from!, h!, w!] };
}

/** [H, W, C, M] → [C·M, 1, H, W]. */
function depthwise([h, w, channels, multiplier]: readonly number[]): Place {
  const to = channels! * multiplier!;
  return { part: 'weight', view: [h!, w!, to], axes: [2, 0, 1], dims: [to, 1, h!, w!] };
}

/** [1, 1, C] → [C, 1, 1]; [C] stays. */
function slopes(shape: readonly number[]): Place {
  const axes = shape.map((_, i) => (i + shape.length - 1) % shape.length);
  return { part: 'weight', view: shape, axes, dims: axes.map((axis) => shape[axis]!) };
}

/** [in, out] → [out, in], where the input's order goes from H, W, C to C, H, W if it is a flattened image. */
function dense([from, to]: readonly number[], features: Feature): Place {
  const view = [...(features.length > 0 ? features : [from!]), to!];
  const axes = [view.length - 1, ...channelsFirst(view.length - 1)];
  return { part: 'weight', view, axes, dims: [to!, from!] };
}

function vector(part: string): Rule {
  return (shape, features) => {
    const view = features.length > 0 ? features : shape;
    return { part, view, axes: channelsFirst(view.length), dims: shape };
  };
}

function plainVector(part: string): Rule {
  return (shape) => ({ part, view: shape, axes: [0], dims: shape });
}

function channelsFirst(rank: number): number[] {
  return Array.from({ length: rank }, (_, i) => (i + rank - 1) % rank);
}

/** [H, W, C] of the image whose flattened features a layer gets; [] if it gets anything else. */
function flattenedFrom(layer: tf.layers.Layer): Feature {
  const [node] = layer.inboundNodes;
  const [before, ...others] = node?.inboundLayers ?? [];
  if (before === undefined || others.length > 0) return [];
  if (KEEPS_ORDER.has(before.getClassName())) return flattenedFrom(before);
  if (before.getClassName() !== 'Flatten') return [];
  return (before.inboundNodes[0]!.inputShapes[0] as number[]).slice(1);
}
