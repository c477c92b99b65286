import { intsAttribute, stringAttribute } from '../../../model/attributes.ts';
import { type Convolution, convolutionOf, windowAttributes } from '../../convolution/convolution.ts';
import { knownSpatial } from '../../convolution/tap-views.ts';
import { convolutionWeightGradient } from '../../convolution/weight-gradient.ts';
import type { Rule, RuleCall } from '../../rule.ts';
import { biasGradient } from './conv.ts';

/** The gradient of Conv with respect to its input, as an operator: its own gradients are Conv and ∂W of Conv. */
export const convTranspose: Rule = {
  gradient(call) {
    const { graph, dy, x } = call;
    const convolution = transposedOf(call);
    const { kernel, padsBegin, padsEnd } = convolution;
    const pads = { ints: [...padsBegin, ...padsEnd] };
    return [
      () => graph.op('Conv', [dy, call.input(1)], { ...windowAttributes(convolution), pads }),
      () => convolutionWeightGradient(graph, convolution, x, dy, call.input(1)),
      () => biasGradient(call, kernel),
    ];
  },
};

/** The convolution that goes the other way, its padding as `auto_pad` and `output_shape` mean it. */
function transposedOf(call: RuleCall): Convolution {
  const { graph, node, x } = call;
  const mode = stringAttribute(node, 'auto_pad', 'NOTSET');
  const shape = intsAttribute(node, 'output_shape')?.slice(-(graph.shape(x)?.length ?? 2) + 2);
  const isSame = mode.startsWith('SAME');
  if (shape === undefined && !isSame) return convolutionOf(call);
  const attribute = node.attribute.filter(({ name }) => name !== 'auto_pad' && name !== 'pads');
  const window = convolutionOf(call.withAttributes(attribute));
  const { kernel, strides, dilations } = window;
  const sizes = knownSpatial(graph, x);
  if (shape !== undefined && sizes === undefined) {
    throw call.refuse('with output_shape only where the input size is known');
  }
  const extra = intsAttribute(node, 'output_padding') ?? kernel.map(() => 0);
  const totals = kernel.map((size, axis) => {
    const stride = strides[axis]!;
    const extent = dilations[axis]! * (size - 1) + 1;
    // An output of size · stride leaves a padding that does not depend on the size.
    const longer = shape === undefined ? -stride : stride * (sizes![axis]! - 1) - shape[axis]!;
    return longer + extra[axis]! + extent;
  });
  if (totals.some((total) => total < 0)) throw call.refuse('with an output as long as the windows reach');
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total) => Math.ceil(total / 2));
  const isUpper = mode === 'SAME_UPPER';
  return { ...window, padsBegin: isUpper ? small : large, padsEnd: isUpper ? large : small };
}
