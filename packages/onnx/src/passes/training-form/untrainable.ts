import { intAttribute } from '../../model/attributes.ts';
import { sizeOf } from '../../model/dims.ts';
import { elementTypeOf, isFloat } from '../../model/element-type.ts';
import { isOperator, type Node, unsupported } from '../../model/model.ts';
import type { ValueTable } from '../../shapes/value-table.ts';
import type { GraphIndex } from '../graph-index.ts';
import { learntInputs, sourceOf } from './learnt-places.ts';

/**
 * Checks that a node can learn as it is used.
 *
 * @throws UnsupportedOperatorError for weights that are not float32, or a normalisation that sees one value: it gives
 *   its offset whatever comes in, and every gradient before it is 0
 */
export function requireTrainingForm(node: Node, index: GraphIndex, values: ValueTable): void {
  for (const [value] of learntInputs(index, node)) {
    const name = sourceOf(index, value);
    const type = elementTypeOf(index.constant(name)?.dataType ?? 0);
    if (type === undefined || type === 'float32' || !isFloat(type)) continue;
    throw unsupported(node, `float32 in the place of '${name}', ${type}`, 'convert the model to float32.');
  }
  if (valuesSeen(node, values) !== 1) return;
  throw unsupported(
    node,
    'a normalisation that sees more than one value of each sample',
    'take larger pictures, or leave the normalisation out.',
  );
}

/** How many values of a sample are normalised together; undefined where that is not known, or by other operators. */
function valuesSeen(node: Node, values: ValueTable): number | undefined {
  const shape = values.shape(node.input[0] ?? '');
  const spatial = shape?.slice(2);
  if (!spatial?.every((dim) => typeof dim === 'number')) return undefined;
  const positions = sizeOf(spatial);
  if (isOperator(node, 'InstanceNormalization')) return positions;
  const channels = shape?.[1];
  if (!isOperator(node, 'GroupNormalization') || typeof channels !== 'number') return undefined;
  return (channels / intAttribute(node, 'num_groups', 1)) * positions;
}
