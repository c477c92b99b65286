import { floatAttribute } from '../../../model/attributes.ts';
import { ofFirst, type Rule, type RuleCall, type Rules } from '../../rule.ts';

/** y = γ · x where x > 0, and γ · α · (e^(x / τ) − 1) elsewhere. */
interface Exponential {
  /** γ. */
  readonly gain: number;
  /** α / τ, the slope below 0 beside γ; at 0 too, as in PyTorch. */
  readonly slope: number;
  /** τ. */
  readonly width: number;
}

/** ∂x = γ · ∂y where x > 0, and γ · α/τ · e^(x / τ) · ∂y elsewhere. The exponential is never of a positive number. */
function exponential(read: (call: RuleCall) => Exponential): Rule {
  return ofFirst((call) => {
    const { graph, dy, x } = call;
    const { gain, slope, width } = read(call);
    const scaled = (value: string, factor: number): string =>
      factor === 1 ? value : graph.op('Mul', [value, graph.scalar(factor, x)]);
    const zero = graph.scalar(0, x);
    const below = graph.op('Min', [x, zero]);
    const exponent = width === 1 ? below : graph.op('Div', [below, graph.scalar(width, x)]);
    const decay = scaled(graph.op('Exp', [exponent]), gain * slope);
    const isAbove = graph.op('Greater', [x, zero]);
    return graph.op('Mul', [dy, graph.op('Where', [isAbove, graph.scalar(gain, x), decay])]);
  });
}

/** Straight above 0, an exponential that levels off below (Clevert et al. 2016; Barron 2017; Klambauer et al. 2017). */
export const elu: Rules = {
  Elu: exponential(({ node }) => ({ gain: 1, slope: floatAttribute(node, 'alpha', 1), width: 1 })),
  Celu: exponential(({ node }) => ({ gain: 1, slope: 1, width: floatAttribute(node, 'alpha', 1) })),
  Selu: exponential(({ node }) => ({
    gain: floatAttribute(node, 'gamma', 1.0507010221481323),
    slope: floatAttribute(node, 'alpha', 1.6732631921768188),
    width: 1,
  })),
};
