import { intAttribute, stringAttribute } from '../../model/attributes.ts';
import type { Rule } from '../rule.ts';

/** Y = blocks of positions moved to channels, the block's position before the channel: undone by DepthToSpace. */
export const spaceToDepth: Rule = {
  operator: 'SpaceToDepth',
  gradient: ({ graph, dy, node }) => [
    () => graph.op('DepthToSpace', [dy], { blocksize: { int: intAttribute(node, 'blocksize', 1) } }),
  ],
};

/** Y = channels moved to blocks of positions: undone by SpaceToDepth. */
export const depthToSpace: Rule = {
  operator: 'DepthToSpace',
  gradient: (call) => [
    () => {
      const { graph, dy, node } = call;
      if (stringAttribute(node, 'mode', 'DCR') !== 'DCR') throw call.refuse('mode DCR');
      return graph.op('SpaceToDepth', [dy], { blocksize: { int: intAttribute(node, 'blocksize', 1) } });
    },
  ],
};
