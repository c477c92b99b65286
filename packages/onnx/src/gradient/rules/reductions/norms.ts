import { ofFirst, type Rules } from '../../rule.ts';
import { repeated } from './axes.ts';

/** Lengths of vectors. */
export const norms: Rules = {
  /** y = Σ |x|: ∂x = ∂y · sign x. */
  ReduceL1: ofFirst((call) => {
    const { graph, dy, x } = call;
    return graph.op('Mul', [graph.op('Sign', [x]), repeated(call, dy)]);
  }),
  /** y = √Σ x²: ∂x = ∂y · x / y, and 0 for the vector of length 0, as in PyTorch. */
  ReduceL2: ofFirst((call) => {
    const { graph, dy, x, y } = call;
    const zero = graph.scalar(0, y);
    const share = graph.op('Where', [graph.op('Equal', [y, zero]), zero, graph.op('Div', [dy, y])]);
    return graph.op('Mul', [x, repeated(call, share)]);
  }),
  /** y = Σ x²: ∂x = 2 · ∂y · x. */
  ReduceSumSquare: ofFirst((call) => {
    const { graph, dy, x } = call;
    return graph.op('Mul', [x, repeated(call, graph.op('Mul', [dy, graph.scalar(2, x)]))]);
  }),
};
