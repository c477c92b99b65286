import { ints } from '../../int-vector.ts';
import { ofFirst, type Rule } from '../../rule.ts';

/** Y = the greatest of a channel: its gradient goes to the first element that is it. */
export const globalMaxPool: Rule = ofFirst(({ graph, dy, x }) => {
  const rows = (value: string): string => graph.reshapeKeeping(value, 0, 0, -1);
  const flat = rows(x);
  const at = graph.op('ArgMax', [flat], { axis: { int: 2 }, keepdims: { int: 1 } });
  const zeros = graph.op('Expand', [graph.scalar(0, x), graph.integers(graph.dims(flat))]);
  const placed = graph.op('ScatterElements', [zeros, at, graph.reshape(dy, shapeOfRows(graph, x))], {
    axis: { int: 2 },
  });
  return graph.reshapeLike(placed, x);
});

function shapeOfRows(graph: Parameters<Rule['gradient']>[0]['graph'], x: string): ReturnType<typeof ints> {
  return graph.concatIntegers(graph.dimension(x, 0), graph.dimension(x, 1), ints(1));
}
