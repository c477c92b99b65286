import type * as tfl from '@tensorflow/tfjs-layers';

/** The layers of a model, those of models inside it included. */
export function layersOf(model: tfl.LayersModel): readonly tfl.layers.Layer[] {
  return model.layers.flatMap((layer) => {
    const inner = (layer as Partial<tfl.LayersModel>).layers;
    return inner === undefined ? [layer] : layersOf(layer as unknown as tfl.LayersModel);
  });
}
