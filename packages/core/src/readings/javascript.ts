import type { OperationName } from '../ops/every-operation.ts';
import type { Node, TracedFormula } from '../ops/trace.ts';

/** JavaScript source of a formula: a body of `const` lines, and the name that holds each output. */
export interface JavaScriptSource {
  /** Parameter names, in order. */
  readonly parameters: readonly string[];
  /** One `const` line an operation; no operation that plain kernels (gpu.js) lack. */
  readonly lines: readonly string[];
  /** Output name → the expression (a name or a literal) that holds it. */
  readonly outputs: Readonly<Record<string, string>>;
}

const infix: Partial<Record<OperationName, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  greater: '>',
  and: '&&',
  or: '||',
};

/** Prints a traced formula as JavaScript that computes the same bits as the float64 reading. */
export function toJavaScript(formula: TracedFormula): JavaScriptSource {
  const names = new Map<number, string>();
  const nameOf = (node: Node): string => names.get(node.id)!;
  const lines: string[] = [];
  let prefix = 'v';
  while (formula.inputs.some((input) => input.startsWith(prefix))) prefix += '_';
  for (const step of formula.steps) {
    if (step.op === 'input') names.set(step.id, step.name);
    else if (step.op === 'constant') names.set(step.id, literal(step.value));
    else {
      const name = `${prefix}${lines.length}`;
      lines.push(`const ${name} = ${expression(step.op, step.args.map(nameOf))};`);
      names.set(step.id, name);
    }
  }
  const outputs: Record<string, string> = {};
  for (const [output, node] of Object.entries(formula.outputs)) outputs[output] = nameOf(node);
  return { parameters: formula.inputs, lines, outputs };
}

/** The whole formula as one arrow function returning an object of its outputs. */
export function toJavaScriptFunction(formula: TracedFormula): string {
  const { parameters, lines, outputs } = toJavaScript(formula);
  const fields = Object.entries(outputs).map(([name, value]) => `${name}: ${value}`);
  return `(${parameters.join(', ')}) => {\n${lines.map((line) => `  ${line}\n`).join('')}  return { ${fields.join(', ')} };\n}`;
}

function expression(op: OperationName, args: readonly string[]): string {
  const symbol = infix[op];
  if (symbol !== undefined) return `${args[0]} ${symbol} ${args[1]}`;
  if (op === 'select') return `${args[0]} ? ${args[1]} : ${args[2]}`;
  if (op === 'neg') return `-${args[0]}`;
  if (op === 'not') return `!${args[0]}`;
  return `Math.${op}(${args.join(', ')})`;
}

function literal(value: number): string {
  // Parentheses keep `a - -1` and `- -1` from running together.
  return value < 0 || Object.is(value, -0) ? `(${Object.is(value, -0) ? '-0' : value})` : String(value);
}
