import { requireFiniteTensor, ShapeMismatchError, UnknownNameError } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { readFloats } from '../ops/read.ts';
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
export async function layersWeights(model: tfl.LayersModel): Promise<Map<string, LayersWeight>> {
  const entries = weightLayouts(model).map(async ({ name, variable, view, axes, dims }) => {
    const ordered = tf.tidy(() => tf.transpose(tf.reshape(variable.read(), view), axes));
    const data = await readFloats(ordered);
    ordered.dispose();
    return [name, { type: 'float32', dims, data }] as const;
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
export function setLayersWeights(model: tfl.LayersModel, weights: ReadonlyMap<string, NamedWeight>): void {
  const layouts = new Map(weightLayouts(model).map((layout) => [layout.name, layout]));
  for (const [name, weight] of weights) {
    const layout = layouts.get(name);
    if (layout === undefined) throw new UnknownNameError('weight', name, [...layouts.keys()]);
    checkWeight(layout, weight);
  }
  for (const [name, { data }] of weights) write(layouts.get(name)!, data);
}

function write({ variable, view, axes }: WeightLayout, data: Float32Array): void {
  tf.tidy(() => {
    const ordered = tf.tensor(
      data,
      axes.map((axis) => view[axis]!),
    );
    const back = tf.transpose(ordered, tf.backend_util.getUndoAxesPermutation(axes));
    variable.write(tf.reshape(back, variable.shape as number[]));
  });
}

function checkWeight({ name, dims }: WeightLayout, weight: NamedWeight): void {
  if (`${weight.dims}` !== `${dims}` || weight.data.length !== tf.util.sizeFromShape(dims)) {
    throw new ShapeMismatchError(
      `weight '${name}' [${weight.dims.join(', ')}] with ${weight.data.length} numbers`,
      `[${dims.join(', ')}]`,
      'pass the weights of this network.',
    );
  }
  requireFiniteTensor(name, weight.data);
}
