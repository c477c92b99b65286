import { intAttribute } from '../../model/attributes.ts';
import { sizeOf } from '../../model/tensor.ts';
import { convolutionOf, windowAttributes } from '../convolution/convolution.ts';
import { convolutionInputGradient } from '../convolution/input-gradient.ts';
import { ints } from '../int-vector.ts';
import { ofFirst, type Rules } from '../rule.ts';
import { scatterAdd } from '../scatter-add.ts';

/** One number for every position of a window. */
export const pools: Rules = {
  /** Y = the greatest element under a window: its gradient goes where MaxPool says that it was found. */
  MaxPool: ofFirst((call) => {
    if (intAttribute(call.node, 'storage_order', 0) !== 0) throw call.refuse('with row-major indices');
    return scatterAdd(call.graph, call.dy, call.node.output[1]!, call.x);
  }, 2),
  /**
   * Y = the mean under a window, a convolution of every channel with ones, divided by the number of elements that
   * count: all of the window, or (without `count_include_pad`) those that are not padding.
   */
  AveragePool: ofFirst((call) => {
    const { graph, dy, x, node } = call;
    if (intAttribute(node, 'ceil_mode', 0) !== 0) throw call.refuse('without ceil_mode');
    const window = { ...convolutionOf(call), group: 1 };
    const { kernel, padsBegin, padsEnd } = window;
    const size = sizeOf(kernel);
    const kernelOfOnes = graph.ones([1, 1, ...kernel], x);
    const planes = (value: string): string => {
      const spatial = graph.spatialDims(value, kernel.length);
      return graph.reshape(value, graph.concatIntegers(ints(-1, 1), spatial));
    };
    const alone = planes(x);
    const pads = { ints: [...padsBegin, ...padsEnd] };
    const isPadded = pads.ints.some((pad) => pad > 0);
    const countsPadding = !isPadded || intAttribute(node, 'count_include_pad', 0) !== 0;
    const counts = (): string => {
      const plane = graph.concatIntegers(ints(1, 1), graph.spatialDims(x, kernel.length));
      const one = graph.op('Expand', [graph.scalar(1, x), graph.integers(plane)]);
      return graph.op('Conv', [one, kernelOfOnes], { ...windowAttributes(window), pads });
    };
    const share = graph.op('Div', [dy, countsPadding ? graph.scalar(size, x) : counts()]);
    const spread = convolutionInputGradient(graph, window, planes(share), kernelOfOnes, alone);
    return graph.reshapeLike(spread, x);
  }),
};
