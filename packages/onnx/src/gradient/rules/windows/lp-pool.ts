import { intAttribute } from '../../../model/attributes.ts';
import { ofFirst, type Rule, type RuleCall } from '../../rule.ts';
import { PlaneWindows } from './spread-windows.ts';

/** y = (Σ |x|ᵖ)^(1/p) under a window: ∂x = sign(x) · |x|ᵖ⁻¹ · Σ ∂y / yᵖ⁻¹ over the windows; 0 where y is 0. */
export const lpPool: Rule = ofFirst((call) =>
  call.graph.op('Mul', [new PlaneWindows(call).spread(overOutput(call)), signedPower(call)]),
);

/** As LpPool, with one window over all of a channel. */
export const globalLpPool: Rule = ofFirst((call) =>
  call.graph.op('Mul', [overOutput(call), signedPower(call)]),
);

/** ∂y / yᵖ⁻¹. */
function overOutput(call: RuleCall): string {
  const { graph, dy, y, x } = call;
  const p = exponent(call);
  if (p === 1) return dy;
  const isZero = graph.op('Equal', [y, graph.scalar(0, x)]);
  const below = graph.op('Where', [isZero, graph.scalar(1, x), y]);
  return graph.op('Div', [dy, power(call, below, p - 1)]);
}

/** sign(x) · |x|ᵖ⁻¹. */
function signedPower(call: RuleCall): string {
  const { graph, x } = call;
  const p = exponent(call);
  if (p === 2) return x;
  const sign = graph.op('Sign', [x]);
  return p === 1 ? sign : graph.op('Mul', [sign, power(call, graph.op('Abs', [x]), p - 1)]);
}

function power({ graph, x }: RuleCall, value: string, exponent: number): string {
  return exponent === 1 ? value : graph.op('Pow', [value, graph.scalar(exponent, x)]);
}

function exponent({ node }: RuleCall): number {
  return intAttribute(node, 'p', 2);
}
