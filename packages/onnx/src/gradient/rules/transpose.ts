import { intsAttribute } from '../../model/attributes.ts';
import type { Rule } from '../rule.ts';

/** The inverse permutation; without one the order of the axes is reversed, both ways. */
export const transpose: Rule = {
  operator: 'Transpose',
  gradient: ({ graph, dy, node }) => [
    () => {
      const perm = intsAttribute(node, 'perm');
      if (perm === undefined) return graph.op('Transpose', [dy]);
      return graph.transpose(
        dy,
        perm.map((_, axis) => perm.indexOf(axis)),
      );
    },
  ],
};
