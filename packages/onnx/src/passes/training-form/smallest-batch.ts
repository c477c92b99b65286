import { ShapeMismatchError } from '@cf/core';
import { intAttribute } from '../../model/attributes.ts';
import { graphOf, isOperator, type Model, type Node, nodeName } from '../../model/model.ts';
import { ValueTable } from '../../shapes/value-table.ts';

/** Normalisations over the batch alone: BatchNormalization in training whose channels have one position a sample. */
function normalisationsOfOne(model: Model): readonly Node[] {
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

/**
 * Checks that no normalisation in training sees a single value a channel: it would give 0, and so would every gradient.
 *
 * @param shape of the batch
 * @throws ShapeMismatchError naming the normalisation
 */
export function requireSeveralValues(form: Model, shape: readonly number[]): void {
  const [node] = shape[0] === 1 ? normalisationsOfOne(form) : [];
  if (node === undefined) return;
  throw new ShapeMismatchError(
    `a batch of one for '${nodeName(node)}' (BatchNormalization), which normalises over the batch alone`,
    'two samples or more',
    'take a larger batch, drop the last one where it is of one sample, or freeze normalisations (freezeBn).',
  );
}
