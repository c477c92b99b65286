import { intAttribute, intsAttribute, stringAttribute } from '../../model/attributes.ts';
import { ofFirst, type Rules } from '../rule.ts';
import { sumToShape } from '../sum-to-shape.ts';

/** The elements stay in their order: the gradient takes the shape that the input had. */
const reshaped = ofFirst(({ graph, dy, x }) => graph.reshapeLike(dy, x));

/** Between float types the gradient is cast back; a cast to integers cuts the path, for no gradient arrives. */
const cast = ofFirst(({ graph, dy, x }) => graph.cast(dy, x));

/** The same numbers in another shape, order or type. */
export const layout: Rules = {
  Identity: ofFirst(({ dy }) => dy),
  Cast: cast,
  CastLike: cast,
  Flatten: reshaped,
  Reshape: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  /** Sums what was repeated. */
  Expand: ofFirst(({ graph, dy, x, y }) => sumToShape(graph, dy, y, x)),
  /** The inverse permutation; without one the order of the axes is reversed, both ways. */
  Transpose: ofFirst(({ graph, dy, node }) => {
    const perm = intsAttribute(node, 'perm');
    if (perm === undefined) return graph.op('Transpose', [dy]);
    const inverse = perm.map((_, axis) => perm.indexOf(axis));
    return graph.transpose(dy, inverse);
  }),
  /** Y = blocks of positions moved to channels, the block's position before the channel: undone by DepthToSpace. */
  SpaceToDepth: ofFirst(({ graph, dy, node }) =>
    graph.op('DepthToSpace', [dy], { blocksize: { int: intAttribute(node, 'blocksize', 1) } }),
  ),
  /** Y = channels moved to blocks of positions: undone by SpaceToDepth. */
  DepthToSpace: ofFirst((call) => {
    const { graph, dy, node } = call;
    if (stringAttribute(node, 'mode', 'DCR') !== 'DCR') throw call.refuse('mode DCR');
    return graph.op('SpaceToDepth', [dy], { blocksize: { int: intAttribute(node, 'blocksize', 1) } });
  }),
};
