import { intsAttribute } from '../../../model/attributes.ts';
import { ofFirst, type Rule } from '../../rule.ts';

/** The inverse permutation; without one the order of the axes is reversed, both ways. */
export const transpose: Rule = ofFirst(({ graph, dy, node }) => {
  const perm = intsAttribute(node, 'perm');
  if (perm === undefined) return graph.op('Transpose', [dy]);
  const inverse = perm.map((_, axis) => perm.indexOf(axis));
  return graph.transpose(dy, inverse);
});
