import { intAttribute } from '../../../model/attributes.ts';
import { ofFirst, type Rule } from '../../rule.ts';

/**
 * y = x / n with n the sum of |x| along an axis, or the root of that of x²: ∂x = (∂y − s · Σ ∂y · y) / n, where s is the
 * slope of n, sign x or y. A vector of length 0 stays as it is, and has the gradient 0.
 */
export const lpNormalization: Rule = ofFirst(({ graph, dy, x, y, node }) => {
  const axes = [intAttribute(node, 'axis', -1)];
  const isSum = intAttribute(node, 'p', 2) === 1;
  const parts = isSum ? graph.op('Abs', [x]) : graph.op('Mul', [x, x]);
  const sum = graph.reduceSum(parts, axes, true);
  const length = isSum ? sum : graph.op('Sqrt', [sum]);
  const along = graph.reduceSum(graph.op('Mul', [dy, y]), axes, true);
  const slope = isSum ? graph.op('Sign', [x]) : y;
  const rest = graph.op('Sub', [dy, graph.op('Mul', [slope, along])]);
  const zero = graph.scalar(0, x);
  const inverse = graph.op('Where', [
    graph.op('Equal', [length, zero]),
    zero,
    graph.op('Reciprocal', [length]),
  ]);
  return graph.op('Mul', [rest, inverse]);
});
