import { intAttribute } from '../../../model/attributes.ts';
import { once } from '../../once.ts';
import type { Rule } from '../../rule.ts';

/** Y = inputs one behind the other: the gradient is split in the same places, once for all inputs. */
export const concat: Rule = {
  gradient({ graph, dy, node }) {
    const axis = intAttribute(node, 'axis', 0);
    const names: string[] = [];
    const split = once(() => {
      const sizes = graph.concatIntegers(...node.input.map((value) => graph.dimension(value, axis)));
      const attributes = { axis: { int: axis } };
      names.push(...graph.several('Split', [dy, graph.integers(sizes)], attributes, node.input.length));
      return names[0]!;
    });
    return node.input.map((_, i) => () => {
      split();
      return names[i]!;
    });
  },
};
