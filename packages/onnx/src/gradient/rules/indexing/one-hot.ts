import { intAttribute } from '../../../model/attributes.ts';
import { ints } from '../../int-vector.ts';
import { once } from '../../once.ts';
import type { Rule } from '../../rule.ts';

/** Y = one of two values, `on` at the index and `off` elsewhere: each gets the sum of where it stands. */
export const oneHot: Rule = {
  inputs: [2],
  gradient(call) {
    const { graph, node, dy } = call;
    const [indices, depth, values] = [call.input(0), call.input(1), call.input(2)];
    const sum = (value: string): string =>
      graph.reshape(graph.op('ReduceSum', [value], { keepdims: { int: 0 } }), ints(1));
    const write = once(() => {
      const bits = [0, 1].map((bit) => graph.reshape(graph.scalar(bit, values), ints(1)));
      const offOn = graph.op('Concat', bits, { axis: { int: 0 } });
      const hot = graph.op('OneHot', [indices, depth, offOn], {
        axis: { int: intAttribute(node, 'axis', -1) },
      });
      const on = sum(graph.op('Mul', [dy, hot]));
      return graph.op('Concat', [graph.op('Sub', [sum(dy), on]), on], { axis: { int: 0 } });
    });
    return [undefined, undefined, write];
  },
};
