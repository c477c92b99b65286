import { once } from '../../once.ts';
import type { Rule, RuleCall } from '../../rule.ts';
import { sumToShape } from '../../sum-to-shape.ts';

/**
 * y = xᵉ, the exponent of any type: ∂x = ∂y · e · xᵉ⁻¹, which is 0 where e is, and ∂e = ∂y · y · ln x, which is 0 where
 * x is and e is not negative; as in PyTorch.
 */
export const pow: Rule = {
  gradient(call) {
    const { graph, dy, x, y } = call;
    const exponent = once(() => graph.cast(call.input(1), x));
    return [
      () => sumToShape(graph, graph.op('Mul', [dy, baseSlope(call, exponent)]), y, x),
      () => {
        const zero = graph.scalar(0, x);
        const isZero = graph.op('Equal', [x, zero]);
        const isFlat = graph.op('And', [isZero, graph.op('GreaterOrEqual', [exponent(), zero])]);
        const slope = graph.op('Mul', [y, graph.op('Log', [x])]);
        const sum = graph.op('Mul', [dy, graph.op('Where', [isFlat, zero, slope])]);
        return graph.cast(sumToShape(graph, sum, y, call.input(1)), call.input(1));
      },
    ];
  },
};

/** e · xᵉ⁻¹; of a square and a cube without a power, which costs more. */
function baseSlope(call: RuleCall, exponent: () => string): string {
  const { graph, x } = call;
  const known = graph.values.constant(call.input(1));
  const numbers = known && Array.from(known.data as ArrayLike<number | bigint>, Number);
  const only = numbers?.length === 1 ? numbers[0] : undefined;
  if (only === 2) return graph.op('Mul', [x, graph.scalar(2, x)]);
  if (only === 3) return graph.op('Mul', [graph.op('Mul', [x, x]), graph.scalar(3, x)]);
  const power = graph.op('Pow', [x, graph.op('Sub', [exponent(), graph.scalar(1, x)])]);
  const slope = graph.op('Mul', [power, exponent()]);
  if (numbers !== undefined && !numbers.includes(0)) return slope;
  const zero = graph.scalar(0, x);
  return graph.op('Where', [graph.op('Equal', [exponent(), zero]), zero, slope]);
}
