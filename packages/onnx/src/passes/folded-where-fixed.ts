import { elementTypeOf, isFloat } from '../model/element-type.ts';
import { graphOf, type Model } from '../model/model.ts';
import { foldConstants } from '../shapes/fold-constants.ts';
import { GraphIndex } from './graph-index.ts';

/**
 * The model with constants in the place of the sizes, positions and conditions that it computes of sizes and whole
 * numbers alone. Floats stay as they are: those of the file may train, as the norm and direction of a weight, a Transpose
 * or Cast of one, and what is computed of sizes, such as a mask, must not come to be taken for a weight.
 */
export function foldedWhereFixed(model: Model): Model {
  const index = new GraphIndex(graphOf(model));
  const mayTrain = (name: string): boolean => {
    const tensor = index.constant(name);
    if (tensor === undefined) return false;
    const type = elementTypeOf(tensor.dataType);
    return type === undefined || isFloat(type);
  };
  const folded = foldConstants(model, mayTrain, (type) => !isFloat(type));
  return graphOf(folded).node.length === graphOf(model).node.length ? model : folded;
}
