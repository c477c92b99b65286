import { requireFiniteTensor, ShapeMismatchError, UnknownNameError } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { inverseOf, permuted } from './permuted.ts';
import { type NamedWeight, type WeightLayout, weightLayouts } from './weight-layout.ts';

/** A weight as it was read. */
export interface LayersWeight extends NamedWeight {
  readonly type: 'float32';
}

/**
 * Weights of a network by the names and in the layouts of PyTorch and ONNX: `conv1.weight` [out, in, H, W],
 * `bn1.running_var` [C], `prelu.weight` [C, 1, 1], `fc.weight` [out, in] with the input in the order C, H, W.
 *
 * @throws UnknownNameError if a layer with weights is of a class whose layout is not known
 */
export async function layersWeights(model: tf.LayersModel): Promise<Map<string, LayersWeight>> {
  const entries = weightLayouts(model).map(async ({ name, variable, view, axes, dims }) => {
    const data = (await variable.read().data()) as Float32Array;
    return [name, { type: 'float32', dims, data: permuted(data, view, axes) }] as const;
  });
  return new Map(await Promise.all(entries));
}

/**
 * Gives a network new values for all or some of its weights, named and laid out as {@link layersWeights} has them.
 * Nothing is changed unless all of them fit.
 *
 * @throws UnknownNameError if the network has no weight of that name
 * @throws ShapeMismatchError if a weight has another shape
 * @throws NonFiniteError if a value is not finite
 */
export function setLayersWeights(model: tf.LayersModel, weights: ReadonlyMap<string, NamedWeight>): void {
  const layouts = new Map(weightLayouts(model).map((layout) => [layout.name, layout]));
  for (const [name, weight] of weights) {
    const layout = layouts.get(name);
    if (layout === undefined) throw new UnknownNameError('weight', name, [...layouts.keys()]);
    checkWeight(layout, weight);
  }
  for (const [name, { data }] of weights) write(layouts.get(name)!, data);
}

function write({ variable, view, axes }: WeightLayout, data: Float32Array): void {
  const dims = axes.map((axis) => view[axis]!);
  const value = tf.tensor(permuted(data, dims, inverseOf(axes)), variable.shape as number[]);
  variable.write(value);
  value.dispose();
}

function checkWeight({ name, dims }: WeightLayout, weight: NamedWeight): void {
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (`${weight.dims}` !== `${dims}` || weight.data.length !== count) {
    throw new ShapeMismatchError(
      `weight '${name}' [${weight.dims.join(', ')}] with ${weight.data.length} numbers`,
      `[${dims.join(', ')}]`,
      'pass the weights of this network.',
    );
  }
  requireFiniteTensor(name, weight.data);
}
