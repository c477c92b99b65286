import { ofFirst, type Rule } from '../../rule.ts';
import { repeated, sameOf, sumOfSame } from './axes.ts';

/**
 * Y = product over axes: ∂x = ∂y · the product of the others. That is Π / x, with Π the product of all that are not 0,
 * as long as none of the others is 0; where x itself is 0 it is Π.
 */
export const reduceProd: Rule = ofFirst((call) => {
  const { graph, dy, x } = call;
  const isZero = graph.op('Equal', [x, graph.scalar(0, x)]);
  const divisor = graph.op('Where', [isZero, graph.scalar(1, x), x]);
  const others = graph.op('Div', [repeated(call, graph.op('Mul', [dy, sameOf(call, divisor)])), divisor]);
  const zeros = graph.cast(isZero, x);
  const isOnly = graph.op('Equal', [repeated(call, sumOfSame(call, zeros)), zeros]);
  return graph.op('Where', [isOnly, others, graph.scalar(0, x)]);
});
