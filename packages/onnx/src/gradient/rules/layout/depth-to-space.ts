import { intAttribute, stringAttribute } from '../../../model/attributes.ts';
import { ints } from '../../int-vector.ts';
import { ofFirst, type Rule } from '../../rule.ts';

/** Y = blocks of positions moved to channels, the block's position before the channel: undone by DepthToSpace. */
export const spaceToDepth: Rule = ofFirst(({ graph, dy, node }) =>
  graph.op('DepthToSpace', [dy], { blocksize: { int: intAttribute(node, 'blocksize', 1) } }),
);

/**
 * Y = channels moved to blocks of positions. With the block's position before the channel (DCR) SpaceToDepth undoes
 * it, with the channel first (CRD) a transposition does.
 */
export const depthToSpace: Rule = ofFirst(({ graph, dy, x, node }) => {
  const block = intAttribute(node, 'blocksize', 1);
  if (stringAttribute(node, 'mode', 'DCR') === 'DCR') {
    return graph.op('SpaceToDepth', [dy], { blocksize: { int: block } });
  }
  const [rows, columns] = [graph.dimension(x, 2), graph.dimension(x, 3)];
  const dims = graph.concatIntegers(ints(0, 0), rows, ints(block), columns, ints(block));
  const apart = graph.op('Reshape', [dy, graph.integers(dims)]);
  return graph.reshapeLike(graph.transpose(apart, [0, 1, 3, 5, 2, 4]), x);
});
