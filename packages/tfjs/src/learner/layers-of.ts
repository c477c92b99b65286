import type * as tf from '@tensorflow/tfjs';

/** The layers of a model, those of models inside it included. */
export function layersOf(model: tf.LayersModel): readonly tf.layers.Layer[] {
  return model.layers.flatMap((layer) => {
    const inner = (layer as Partial<tf.LayersModel>).layers;
    return inner === undefined ? [layer] : layersOf(layer as unknown as tf.LayersModel);
  });
}
