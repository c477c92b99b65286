import { ints } from '../../int-vector.ts';
import { ofFirst, type Rule } from '../../rule.ts';

/** Puts each element at its position, in a tensor of zeros: its gradient is what is there. */
export const maxUnpool: Rule = ofFirst((call) => {
  const { graph, dy, x } = call;
  const [flat, positions] = [dy, call.input(1)].map((value) => graph.reshape(value, ints(-1)));
  return graph.reshapeLike(graph.op('GatherElements', [flat!, positions!], { axis: { int: 0 } }), x);
});
