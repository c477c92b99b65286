import { intAttribute } from '../model/attributes.ts';
import { graphOf, isOperator, type Model, type Node } from '../model/model.ts';
import { ValueTable } from '../shapes/value-table.ts';

/** Normalisations over the batch alone: BatchNormalization in training whose channels have one position a sample. */
export function normalisationsOfOne(model: Model): readonly Node[] {
  const nodes = graphOf(model).node.filter(
    (node) => isOperator(node, 'BatchNormalization') && intAttribute(node, 'training_mode', 0) !== 0,
  );
  if (nodes.length === 0) return [];
  const values = new ValueTable(model);
  return nodes.filter(
    (node) =>
      values
        .shape(node.input[0]!)
        ?.slice(2)
        .every((dim) => dim === 1) ?? false,
  );
}

/**
 * The fewest samples that a training form can learn from: 2 where a normalisation in training sees one value a channel
 * of each sample, so that one sample alone would normalise to nothing; 1 otherwise.
 *
 * @param form a training form, or its model
 */
export function smallestBatch(form: Model | { readonly model: Model }): number {
  return normalisationsOfOne('model' in form ? form.model : form).length > 0 ? 2 : 1;
}
