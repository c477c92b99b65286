import type { FirstWeight } from '@cf/backbones';
import { UnknownNameError } from '@cf/core';
import type * as tfl from '@tensorflow/tfjs-layers';

/** Values of a weight in PyTorch's and ONNX's layout. */
export type NamedWeight = Omit<FirstWeight, 'name'>;

/** Where a variable of a layer is found in a file of named weights, and how its axes go there. */
export interface WeightLayout {
  /** `conv1.weight`, `bn1.running_mean` … */
  readonly name: string;
  readonly variable: tfl.LayerVariable;
  /** Shape in which the variable is seen; as many numbers as it has. */
  readonly view: number[];
  /** Axis i of the named weight is axis `axes[i]` of the view. */
  readonly axes: number[];
  readonly dims: number[];
}

type Place = Pick<WeightLayout, 'view' | 'axes' | 'dims'>;
/** @param features [H, W, C] of the image whose flattened features the layer gets; [] if it gets anything else */
type Rule = (shape: number[], features: readonly number[]) => Place;

/** By class of layer and by name of variable: the end of the weight's name, and where its numbers go. */
const RULES: Readonly<Record<string, Readonly<Record<string, readonly [part: string, rule: Rule]>>>> = {
  Conv2D: { kernel: ['weight', convolution], bias: ['bias', vector] },
  DepthwiseConv2D: { depthwise_kernel: ['weight', depthwise], bias: ['bias', vector] },
  Dense: { kernel: ['weight', dense], bias: ['bias', (shape) => vector(shape, [])] },
  PReLU: { alpha: ['weight', slopes] },
  BatchNormalization: {
    gamma: ['weight', vector],
    beta: ['bias', vector],
    moving_mean: ['running_mean', vector],
    moving_variance: ['running_var', vector],
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
export function weightLayouts(model: tfl.LayersModel): WeightLayout[] {
  return model.layers.flatMap((layer) => layer.weights.map((variable) => layoutOf(layer, variable)));
}

function layoutOf(layer: tfl.layers.Layer, variable: tfl.LayerVariable): WeightLayout {
  const className = layer.getClassName();
  const rules = RULES[className];
  if (rules === undefined)
    throw new UnknownNameError('class of a layer with weights', className, Object.keys(RULES));
  const part = variable.originalName.split('/').at(-1)!;
  const found = rules[part];
  if (found === undefined) throw new UnknownNameError(`weight of ${className}`, part, Object.keys(rules));
  const [suffix, rule] = found;
  return {
    name: `${layer.name}.${suffix}`,
    variable,
    ...rule(variable.shape as number[], flattenedFrom(layer)),
  };
}

/** [H, W, in, out] → [out, in, H, W]. */
function convolution(view: number[]): Place {
  const axes = [3, 2, 0, 1];
  return { view, axes, dims: axes.map((axis) => view[axis]!) };
}

/** [H, W, C, M] → [C·M, 1, H, W]. */
function depthwise([h, w, channels, multiplier]: number[]): Place {
  const to = channels! * multiplier!;
  return { view: [h!, w!, to], axes: [2, 0, 1], dims: [to, 1, h!, w!] };
}

/** [1, 1, C] → [C, 1, 1]; [C] stays. */
function slopes(view: number[]): Place {
  const axes = channelsFirst(view);
  return { view, axes, dims: axes.map((axis) => view[axis]!) };
}

/** [in, out] → [out, in], where the input's order goes from H, W, C to C, H, W if it is a flattened image. */
function dense([from, to]: number[], features: readonly number[]): Place {
  const input = features.length > 0 ? features : [from!];
  return { view: [...input, to!], axes: [input.length, ...channelsFirst(input)], dims: [to!, from!] };
}

/** [C] stays, but for the order if it is of a flattened image. */
function vector(shape: number[], features: readonly number[]): Place {
  const view = features.length > 0 ? [...features] : shape;
  return { view, axes: channelsFirst(view), dims: shape };
}

/** The order of axes that puts the last one first. */
function channelsFirst({ length }: readonly number[]): number[] {
  return Array.from({ length }, (_, i) => (i + length - 1) % length);
}

/** [H, W, C] of the image whose flattened features a layer gets; [] if it gets anything else. */
export function flattenedFrom(layer: tfl.layers.Layer): number[] {
  const [node] = layer.inboundNodes;
  const [before, ...others] = node?.inboundLayers ?? [];
  if (before === undefined || others.length > 0) return [];
  if (KEEPS_ORDER.has(before.getClassName())) return flattenedFrom(before);
  if (before.getClassName() !== 'Flatten') return [];
  return (before.inboundNodes[0]!.inputShapes[0] as number[]).slice(1);
}
