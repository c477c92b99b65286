import { createNode } from '../../model/node.ts';
import { withFields } from '../../model/with-fields.ts';
import { ints } from '../int-vector.ts';
import type { Rule, RuleCall } from '../rule.ts';
import { scatterAdd } from '../scatter-add.ts';

/**
 * An operator that picks elements of X by position: the same operator, applied to the positions 0, 1, 2 … in X's
 * shape, tells where every gradient belongs. Elements picked twice get both.
 */
function pickedGradient(call: RuleCall): string {
  const { graph, node, x } = call;
  const shape = graph.shapeOf(x);
  const count = graph.op('ReduceProd', [shape], { keepdims: { int: 0 } });
  const zero = graph.integerScalar(0);
  const positions = graph.op('Reshape', [graph.op('Range', [zero, count, graph.integerScalar(1)]), shape]);
  const name = graph.freshName('grad/picked');
  const pick = createNode(name, node.opType, [positions, ...node.input.slice(1)], [name]);
  graph.add(withFields(pick, { attribute: node.attribute }));
  return scatterAdd(graph, call.dy, name, x);
}

/** Y = parts of X, with any starts, ends, axes and steps, constant or not. */
export const slice: Rule = {
  operator: 'Slice',
  inputs: [0],
  gradient: (call) => [() => pickedGradient(call)],
};

/** Y = X at indices along an axis. */
export const gather: Rule = {
  operator: 'Gather',
  inputs: [0],
  gradient: (call) => [() => pickedGradient(call)],
};

/** Y = X with zeros (or another constant) around it: the gradient is what lies inside. */
export const pad: Rule = {
  operator: 'Pad',
  inputs: [0],
  gradient(call) {
    const { graph, node, dy, x } = call;
    const pads = call.has(1) ? graph.values.integers(call.input(1)) : undefined;
    const mode = new TextDecoder().decode(node.attribute.find(({ name }) => name === 'mode')?.s);
    if (mode !== '' && mode !== 'constant') throw call.refuse('mode constant');
    if (call.has(3)) throw call.refuse('without axes');
    if (pads === undefined || pads.some((p) => p < 0)) throw call.refuse('constant pads, none negative');
    const begin = ints(...pads.slice(0, pads.length / 2));
    return [
      () => {
        const ends = graph.combine('Add', begin, graph.dims(x));
        return graph.op('Slice', [dy, graph.integers(begin), graph.integers(ends)]);
      },
    ];
  },
};
