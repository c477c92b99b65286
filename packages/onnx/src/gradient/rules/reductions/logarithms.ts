import { ofFirst, type Rules } from '../../rule.ts';
import { repeated, sumOfSame } from './axes.ts';

/** The most negative number of float32, which is finite in float64 too. */
const LOWEST = -3.4028234663852886e38;

/** Logarithms of sums. */
export const logarithms: Rules = {
  /** y = ln Σ x: ∂x = ∂y / Σ x. */
  ReduceLogSum: ofFirst((call) => repeated(call, call.graph.op('Div', [call.dy, sumOfSame(call, call.x)]))),
  /** y = ln Σ eˣ: ∂x = ∂y · eˣ⁻ʸ. No exponent is above 0; where y is −∞ the gradient is 0, as in PyTorch. */
  ReduceLogSumExp: ofFirst((call) => {
    const { graph, dy, x, y } = call;
    const top = repeated(call, graph.op('Max', [y, graph.scalar(LOWEST, y)]));
    const share = graph.op('Exp', [graph.op('Sub', [x, top])]);
    return graph.op('Mul', [share, repeated(call, dy)]);
  }),
};
