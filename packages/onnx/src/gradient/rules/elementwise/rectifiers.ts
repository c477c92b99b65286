import { floatAttribute } from '../../../model/attributes.ts';
import type { GradientGraph } from '../../context.ts';
import { once } from '../../once.ts';
import { ofFirst, type Rules } from '../../rule.ts';
import { sumToShape } from '../../sum-to-shape.ts';

/** Straight pieces, with a kink between them. */
export const rectifiers: Rules = {
  /** y = max(x, 0); the slope at 0 is 0. */
  Relu: ofFirst(({ graph, dy, y }) => passedWhere(graph, graph.op('Greater', [y, graph.scalar(0, y)]), dy)),
  /** y = x where x ≥ 0, α · x elsewhere; the slope at 0 is α, as in PyTorch. */
  LeakyRelu: ofFirst(({ graph, dy, x, node }) => {
    const lost = graph.scalar(1 - floatAttribute(node, 'alpha', 0.01), x);
    return graph.op('Sub', [dy, graph.op('Mul', [notAbove(graph, x, dy), lost])]);
  }),
  /**
   * y = x where x ≥ 0, slope · x elsewhere; the slope is repeated along x, as [C, 1, 1] is. With q = ∂y where x ≤ 0,
   * and 0 elsewhere: ∂x = ∂y − (1 − slope) · q and ∂slope = Σ q · x. At 0 that is the slope, as in PyTorch.
   */
  PRelu: {
    gradient({ graph, dy, x, y, node: { input } }) {
      const slope = input[1]!;
      const below = once(() => notAbove(graph, x, dy));
      return [
        () => {
          const lost = graph.op('Sub', [graph.scalar(1, slope), slope]);
          return graph.op('Sub', [dy, graph.op('Mul', [below(), lost])]);
        },
        () => sumToShape(graph, graph.op('Mul', [below(), x]), y, slope),
      ];
    },
  },
  /**
   * y = x held within bounds, which may be computed: the gradient passes where x was not changed, at the bounds too, and
   * goes to the bound elsewhere, as in PyTorch.
   */
  Clip: {
    gradient(call) {
      const { graph, dy, x, y } = call;
      const changed = (index: number, operator: 'Less' | 'Greater') => (): string => {
        const bound = call.input(index);
        const isIt = graph.op('And', [graph.op(operator, [x, bound]), graph.op('Equal', [y, bound])]);
        return sumToShape(graph, passedWhere(graph, isIt, dy), y, bound);
      };
      return [
        () => passedWhere(graph, graph.op('Equal', [x, y]), dy),
        changed(1, 'Less'),
        changed(2, 'Greater'),
      ];
    },
  },
};

/** Multiplying by 0 and 1 is faster than Where with a scalar. */
export function passedWhere(graph: GradientGraph, condition: string, dy: string): string {
  return graph.op('Mul', [dy, graph.cast(condition, dy)]);
}

/** The gradient where x ≤ 0, and 0 elsewhere. */
function notAbove(graph: GradientGraph, x: string, dy: string): string {
  return passedWhere(graph, graph.op('LessOrEqual', [x, graph.scalar(0, x)]), dy);
}
