import { floatAttribute, intAttribute } from '../../../model/attributes.ts';
import { ofFirst, type Rule } from '../../rule.ts';

/**
 * y = x · s^(−β) with s = k + α · mean of x² over neighbouring channels (and zeros outside): ∂x = ∂y · s^(−β) −
 * 2αβ · x · mean of ∂y · y / s over the channels that x is a neighbour of (Krizhevsky et al. 2012).
 */
export const localResponse: Rule = ofFirst(({ graph, dy, x, y, node }) => {
  const size = intAttribute(node, 'size', 1);
  const alpha = floatAttribute(node, 'alpha', 1e-4);
  const beta = floatAttribute(node, 'beta', 0.75);
  const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
  /** [N, C, …] as [N, 1, C, P], averaged along C. */
  const mean = (value: string, first: number, last: number): string => {
    const planes = graph.unsqueeze(graph.reshapeKeeping(value, 0, 0, -1), 1);
    const averages = graph.op('AveragePool', [planes], {
      kernel_shape: { ints: [size, 1] },
      pads: { ints: [first, 0, last, 0] },
      count_include_pad: { int: 1 },
    });
    return graph.reshapeLike(averages, x);
  };
  const squares = graph.op('Mul', [mean(graph.op('Mul', [x, x]), before, after), graph.scalar(alpha, x)]);
  const s = graph.op('Add', [squares, graph.scalar(floatAttribute(node, 'bias', 1), x)]);
  const straight = graph.op('Mul', [dy, graph.op('Pow', [s, graph.scalar(-beta, x)])]);
  const around = mean(graph.op('Div', [graph.op('Mul', [dy, y]), s]), after, before);
  const bend = graph.op('Mul', [graph.op('Mul', [x, graph.scalar(2 * alpha * beta, x)]), around]);
  return graph.op('Sub', [straight, bend]);
});
