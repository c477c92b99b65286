import { stringAttribute } from '../../../model/attributes.ts';
import type { Rule, RuleCall } from '../../rule.ts';
import { sumToShape } from '../../sum-to-shape.ts';

/** The terms of an equation such as `bij,bjk->bik`. */
interface Equation {
  readonly inputs: readonly string[];
  readonly output: string;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * Y = sums of products over named axes: ∂A is the sum of products of ∂Y and the other operands over the axes that A
 * does not have. Axes that A alone has were summed, so the gradient is repeated along them.
 */
export const einsum: Rule = {
  gradient(call) {
    const equation = equationOf(call);
    return call.node.input.map((_, i) => () => operandGradient(call, spelledFor(call, equation, i), i));
  },
};

function operandGradient(call: RuleCall, { inputs, output }: Equation, i: number): string {
  const { graph, node, dy } = call;
  const a = node.input[i]!;
  const others = node.input.map((name, k) => ({ name, term: inputs[k]! })).filter((_, k) => k !== i);
  const operands = output === '' ? others : [{ name: dy, term: output }, ...others];
  const given = operands.map(({ term }) => term).join();
  const axes = axesOf(inputs[i]!);
  const found = axes.filter((axis) => given.includes(axis));
  const target = found.join('');
  const isPlain = operands.length === 1 && operands[0]!.term === target;
  const sum = (): string =>
    isPlain
      ? operands[0]!.name
      : graph.op(
          'Einsum',
          operands.map(({ name }) => name),
          { equation: { string: `${given}->${target}` } },
        );
  const products = operands.length === 0 ? dy : sum();
  const all = output === '' && operands.length > 0 ? graph.op('Mul', [products, dy]) : products;
  if (found.length === axes.length) return sumToShape(graph, all, all, a);
  const ellipsis = axes.indexOf('...');
  const missing = axes.flatMap((axis, at) => {
    if (found.includes(axis)) return [];
    return ellipsis >= 0 && at > ellipsis ? [at - axes.length] : [at];
  });
  return graph.op('Expand', [graph.unsqueeze(all, ...missing), graph.shapeOf(a)]);
}

/** onnxruntime does not sum over an ellipsis, so where operand `i` has none, its axes have names. */
function spelledFor(call: RuleCall, equation: Equation, i: number): Equation {
  const { inputs, output } = equation;
  if (inputs[i]!.includes('...') || !output.includes('...')) return equation;
  const taken = [...inputs, output].join('');
  const free = [...LETTERS].filter((letter) => !taken.includes(letter));
  const count = call.rank(call.y) - axesOf(output).length + 1;
  if (count > free.length) throw call.refuse('fewer axes');
  const spelled = (term: string): string => term.replace('...', free.slice(0, count).join(''));
  return { inputs: inputs.map(spelled), output: spelled(output) };
}

function equationOf(call: RuleCall): Equation {
  const equation = stringAttribute(call.node, 'equation', '').replaceAll(' ', '');
  const [left, right] = equation.split('->');
  const inputs = left!.split(',');
  if (inputs.length !== call.node.input.length)
    throw call.refuse('an equation with a term for every operand');
  for (const term of inputs) {
    const axes = axesOf(term);
    if (new Set(axes).size < axes.length) throw call.refuse(`no diagonal, as '${term}' is`);
  }
  const output = right ?? implicitOutput(inputs);
  const isDropped = inputs.some((term) => term.includes('...')) && !output.includes('...');
  if (isDropped) throw call.refuse('the axes of an ellipsis kept');
  return { inputs, output };
}

/** Without an arrow: the axes that occur once, in alphabetical order, after those of the ellipsis. */
function implicitOutput(inputs: readonly string[]): string {
  const all = inputs.flatMap(axesOf);
  const once = all.filter((axis) => axis !== '...' && all.indexOf(axis) === all.lastIndexOf(axis));
  return [...(all.includes('...') ? ['...'] : []), ...once.sort()].join('');
}

function axesOf(term: string): readonly string[] {
  return term.match(/\.\.\.|./g) ?? [];
}
