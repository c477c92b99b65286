import { stringAttribute } from '../../../model/attributes.ts';
import { withFields } from '../../../model/with-fields.ts';
import { ints } from '../../int-vector.ts';
import { once } from '../../once.ts';
import { type Rule, RuleCall } from '../../rule.ts';
import { pickedGradient } from '../indexing/picked.ts';

/**
 * Y = X with something around it. Around a constant the gradient is what lies inside, and the constant gets the sum
 * of the rest; in other modes the border is made of elements of X, which get its gradients too.
 */
export const pad: Rule = {
  inputs: [0, 2],
  gradient(call) {
    const { graph, dy } = call;
    if (stringAttribute(call.node, 'mode', 'constant') !== 'constant')
      return [() => pickedGradient(withoutValue(call))];
    const inside = once(() => insideGradient(call));
    const sum = (value: string): string => graph.op('ReduceSum', [value], { keepdims: { int: 0 } });
    return [
      inside,
      undefined,
      () => graph.reshapeLike(graph.op('Sub', [sum(dy), sum(inside())]), call.input(2)),
    ];
  },
};

/** In modes that add no constant, one may be given all the same. */
function withoutValue(call: RuleCall): RuleCall {
  const [x, pads, , axes] = call.node.input;
  const input = axes === undefined ? [x!, pads!] : [x!, pads!, '', axes];
  return new RuleCall(call.graph, withFields(call.node, { input }), call.arrived);
}

/** The other way around what was added is cut off, and for what was cut off zeros are added. */
function insideGradient(call: RuleCall): string {
  const { graph, dy, x } = call;
  const pads = graph.values.integers(call.input(1));
  const isPlain = pads?.every((count) => count >= 0) && !call.has(3);
  if (pads !== undefined && isPlain) {
    const begin = ints(...pads.slice(0, pads.length / 2));
    const ends = graph.combine('Add', begin, graph.dims(x));
    return graph.op('Slice', [dy, graph.integers(begin), graph.integers(ends)]);
  }
  const axes = call.has(3) ? ['', call.input(3)] : [];
  return graph.op('Pad', [dy, graph.op('Neg', [call.input(1)]), ...axes]);
}
