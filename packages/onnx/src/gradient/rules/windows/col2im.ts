import { intsAttribute } from '../../../model/attributes.ts';
import { sizeOf } from '../../../model/dims.ts';
import { ints } from '../../int-vector.ts';
import { ofFirst, type Rule, type RuleCall } from '../../rule.ts';

/**
 * Y = blocks laid over each other and added: what arrives at an element goes to every block that has it. A convolution
 * with kernels that pick one element each takes the blocks out again.
 */
export const col2im: Rule = ofFirst((call) => {
  const { graph, node, x, dy } = call;
  const block = known(call, 2);
  const axes = block.length;
  const size = sizeOf(block);
  const image = known(call, 1);
  const square = graph.op('ConstantOfShape', [graph.integers(ints(size, size))]);
  const picks = graph.reshape(graph.cast(graph.op('EyeLike', [square]), dy), ints(size, 1, ...block));
  const planes = graph.reshape(dy, ints(-1, 1, ...image));
  const listed = (name: string, otherwise: number, count: number): { ints: readonly number[] } => ({
    ints: intsAttribute(node, name) ?? new Array<number>(count).fill(otherwise),
  });
  const columns = graph.op('Conv', [planes, picks], {
    kernel_shape: { ints: block },
    pads: listed('pads', 0, 2 * axes),
    strides: listed('strides', 1, axes),
    dilations: listed('dilations', 1, axes),
  });
  return graph.reshapeLike(columns, x);
});

function known(call: RuleCall, index: number): readonly number[] {
  const numbers = call.graph.values.integers(call.input(index));
  if (numbers === undefined) throw call.refuse('sizes of picture and block that are known before it runs');
  return numbers;
}
