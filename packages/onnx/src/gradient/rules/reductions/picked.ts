import { ofFirst, type Rules } from '../../rule.ts';
import { repeated, sumOfSame } from './axes.ts';

/** Y = the greatest (or the least) element over axes: those that are it share the gradient equally. */
const extreme = ofFirst((call) => {
  const { graph, x, y, dy } = call;
  const isFound = graph.cast(graph.op('Equal', [x, repeated(call, y)]), x);
  const share = graph.op('Div', [dy, sumOfSame(call, isFound)]);
  return graph.op('Mul', [isFound, repeated(call, share)]);
});

/** Operators that pick an element of many. */
export const picked: Rules = { ReduceMax: extreme, ReduceMin: extreme };
