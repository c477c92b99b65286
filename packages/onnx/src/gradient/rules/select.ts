import { stringAttribute } from '../../model/attributes.ts';
import { createNode } from '../../model/node.ts';
import { withFields } from '../../model/with-fields.ts';
import { ints } from '../int-vector.ts';
import { ofFirst, type RuleCall, type Rules } from '../rule.ts';
import { scatterAdd } from '../scatter-add.ts';

/**
 * An operator that picks elements of X by position: the same operator, applied to the positions 0, 1, 2 … in X's
 * shape, tells where every gradient belongs. Elements picked twice get both.
 */
function pickedGradient(call: RuleCall): string {
  const { graph, node, x } = call;
  const range = graph.op('Range', [graph.integerScalar(0), graph.sizeOf(x), graph.integerScalar(1)]);
  const positions = graph.op('Reshape', [range, graph.shapeOf(x)]);
  const name = graph.freshName('grad/picked');
  const pick = createNode(name, node.opType, [positions, ...node.input.slice(1)], [name]);
  graph.add(withFields(pick, { attribute: node.attribute }));
  return scatterAdd(graph, call.dy, name, x);
}

/** Parts of X, or X as a part. */
export const select: Rules = {
  /** Y = parts of X, with any starts, ends, axes and steps, constant or not. */
  Slice: ofFirst(pickedGradient),
  /** Y = X at indices along an axis. */
  Gather: ofFirst(pickedGradient),
  /** Y = X with zeros (or another constant) around it: the gradient is what lies inside. */
  Pad: ofFirst((call) => {
    const { graph, node, dy, x } = call;
    const pads = call.has(1) ? graph.values.integers(call.input(1)) : undefined;
    if (stringAttribute(node, 'mode', 'constant') !== 'constant') throw call.refuse('mode constant');
    if (call.has(3)) throw call.refuse('without axes');
    if (pads === undefined || pads.some((p) => p < 0)) throw call.refuse('constant pads, none negative');
    const begin = ints(...pads.slice(0, pads.length / 2));
    const ends = graph.combine('Add', begin, graph.dims(x));
    return graph.op('Slice', [dy, graph.integers(begin), graph.integers(ends)]);
  }),
};
