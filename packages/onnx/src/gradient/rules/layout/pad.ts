import { stringAttribute } from '../../../model/attributes.ts';
import { ints } from '../../int-vector.ts';
import { once } from '../../once.ts';
import type { Rule, RuleCall } from '../../rule.ts';
import { pickedGradient } from '../indexing/picked.ts';

/**
 * Y = X with something around it. Around a constant the gradient is what lies inside, and the constant gets the sum
 * of the rest; in other modes the border is made of elements of X, which get its gradients too.
 */
export const pad: Rule = {
  inputs: [0, 2],
  gradient(call) {
    const { graph, dy } = call;
    if (stringAttribute(call.node, 'mode', 'constant') !== 'constant') return [() => pickedGradient(call)];
    const inside = once(() => insideGradient(call));
    const sum = (value: string): string => graph.op('ReduceSum', [value], { keepdims: { int: 0 } });
    return [
      inside,
      undefined,
      () => graph.reshapeLike(graph.op('Sub', [sum(dy), sum(inside())]), call.input(2)),
    ];
  },
};

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
