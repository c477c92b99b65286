import { floatAttribute } from '../../model/attributes.ts';
import type { GradientGraph } from '../context.ts';
import type { Rule } from '../rule.ts';
import { sumToShape } from '../sum-to-shape.ts';

/** y = max(x, 0); the slope at 0 is 0. */
export const relu: Rule = {
  operator: 'Relu',
  gradient: ({ graph, dy, y }) => [
    () => passedWhere(graph, graph.op('Greater', [y, graph.scalar(0, y)]), dy),
  ],
};

/** y = x where x ≥ 0, α · x elsewhere. */
export const leakyRelu: Rule = {
  operator: 'LeakyRelu',
  gradient: ({ graph, dy, x, node }) => [
    () => {
      const steep = graph.op('Mul', [dy, graph.scalar(floatAttribute(node, 'alpha', 0.01), x)]);
      return graph.op('Where', [isNegative(graph, x), steep, dy]);
    },
  ],
};

/** y = x where x ≥ 0, slope · x elsewhere; the slope is repeated along x, as [C, 1, 1] is. */
export const prelu: Rule = {
  operator: 'PRelu',
  gradient: ({ graph, dy, x, y, node: { input } }) => [
    () => graph.op('Where', [isNegative(graph, x), graph.op('Mul', [dy, input[1]!]), dy]),
    () => {
      const negativePart = graph.op('Min', [x, graph.scalar(0, x)]);
      return sumToShape(graph, graph.op('Mul', [dy, negativePart]), y, input[1]!);
    },
  ],
};

/** y = x held within bounds: the gradient passes where x was not changed, at the bounds too. */
export const clip: Rule = {
  operator: 'Clip',
  inputs: [0],
  gradient: ({ graph, dy, x, y }) => [() => passedWhere(graph, graph.op('Equal', [x, y]), dy)],
};

/** Multiplying by 0 and 1 is faster than Where with a scalar. */
function passedWhere(graph: GradientGraph, condition: string, dy: string): string {
  return graph.op('Mul', [dy, graph.cast(condition, dy)]);
}

function isNegative(graph: GradientGraph, x: string): string {
  return graph.op('Less', [x, graph.scalar(0, x)]);
}
