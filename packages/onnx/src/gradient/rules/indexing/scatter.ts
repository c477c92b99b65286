import type { Attributes } from '../../../model/attributes.ts';
import { intAttribute, stringAttribute } from '../../../model/attributes.ts';
import type { Rule, RuleCall } from '../../rule.ts';
import { zeros } from '../../zeros.ts';

/**
 * Y = X with updates in their places, or added there. The updates get the gradients of their places; X gets all,
 * but for those of places that were overwritten.
 */
function scatter(gather: string, attributesOf: (call: RuleCall) => Attributes): Rule {
  return {
    inputs: [0, 2],
    gradient(call) {
      const { graph, node, dy } = call;
      const [indices, updates] = [call.input(1), call.input(2)];
      const reduction = stringAttribute(node, 'reduction', 'none');
      if (reduction !== 'none' && reduction !== 'add') throw call.refuse(`not the reduction ${reduction}`);
      const overwritten = (): string => {
        const none = zeros(graph, graph.shapeOf(updates), updates);
        return graph.op(node.opType, [dy, indices, none], attributesOf(call));
      };
      return [
        () => (reduction === 'add' ? dy : overwritten()),
        undefined,
        () => graph.op(gather, [dy, indices], attributesOf(call)),
      ];
    },
  };
}

/** Updates element by element, at indices along an axis. */
export const scatterElements: Rule = scatter('GatherElements', ({ node }) => ({
  axis: { int: intAttribute(node, 'axis', 0) },
}));

/** Updates of elements or whole slices, at indices into the first axes. */
export const scatterNd: Rule = scatter('GatherND', () => ({}));
