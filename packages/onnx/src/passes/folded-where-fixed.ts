import { elementTypeOf, isFloat } from '../model/element-type.ts';
import { graphOf, type Model } from '../model/model.ts';
import { foldConstants } from '../shapes/fold-constants.ts';
import { GraphIndex } from './graph-index.ts';

/**
 * The model with constants in the place of what it computes of sizes and whole numbers alone. Whatever is made of floats
 * in the file stays as it is, since they may train: the norm and direction of a weight, a Transpose or Cast of one.
 */
export function foldedWhereFixed(model: Model): Model {
  const index = new GraphIndex(graphOf(model));
  const mayTrain = (name: string): boolean => {
    const tensor = index.constant(name);
    if (tensor === undefined) return false;
    const type = elementTypeOf(tensor.dataType);
    const isNumber = tensor.dims.every((dim) => dim === 1n) && !index.isInitializer(name);
    return type === undefined || (isFloat(type) && !isNumber);
  };
  const folded = foldConstants(model, mayTrain);
  return graphOf(folded).node.length === graphOf(model).node.length ? model : folded;
}
