import type { Node, OperationName, TracedFormula } from '@cf/core';
import type { GraphBuilder } from '../builder/graph-builder.ts';
import { arcTangentNode, cosineNode, sineNode } from './angle-nodes.ts';
import { scalar } from './scalar.ts';

/** What takes several operators. */
const COMPOSED = {
  expm1,
  log1p,
  sin: sineNode,
  cos: cosineNode,
  atan: arcTangentNode,
} as const;

const OPERATORS: Readonly<Record<Exclude<OperationName, keyof typeof COMPOSED>, string>> = {
  add: 'Add',
  sub: 'Sub',
  mul: 'Mul',
  div: 'Div',
  neg: 'Neg',
  abs: 'Abs',
  min: 'Min',
  max: 'Max',
  sqrt: 'Sqrt',
  exp: 'Exp',
  log: 'Log',
  greater: 'Greater',
  and: 'And',
  or: 'Or',
  not: 'Not',
  select: 'Where',
};

/** A value of a formula: a name in the graph, or a number that needs no node. */
export type FormulaValue = { readonly value: string } | { readonly constant: number };

/**
 * The ONNX reading: writes a traced formula into a graph, one node an operation, in float32. Inputs may have any shapes
 * that broadcast.
 *
 * @param inputs name in the graph of every input that the formula reads.
 */
export function formulaNodes<Name extends string>(
  builder: GraphBuilder,
  formula: TracedFormula,
  inputs: Readonly<Record<string, string>>,
  outputs: readonly Name[],
): Readonly<Record<Name, FormulaValue>> {
  const names = new Map<number, string>();
  const nameOf = (node: Node): string => {
    const known = names.get(node.id);
    if (known !== undefined) return known;
    const name = write(builder, node, nameOf, inputs);
    names.set(node.id, name);
    return name;
  };
  // Operands come before their use, so no chain of nodes is ever deep.
  for (const step of formula.steps) if (step.op !== 'constant') nameOf(step);
  const resultOf = (node: Node): FormulaValue =>
    node.op === 'constant' ? { constant: node.value } : { value: nameOf(node) };
  return Object.fromEntries(outputs.map((name) => [name, resultOf(formula.outputs[name]!)])) as Record<
    Name,
    FormulaValue
  >;
}

/** Name of a value of a formula, written as a scalar where it is a number. */
export function named(builder: GraphBuilder, value: FormulaValue): string {
  return 'value' in value ? value.value : scalar(builder, value.constant);
}

function write(
  builder: GraphBuilder,
  node: Node,
  nameOf: (node: Node) => string,
  inputs: Readonly<Record<string, string>>,
): string {
  if (node.op === 'input') return inputs[node.name]!;
  if (node.op === 'constant') return scalar(builder, node.value);
  const operands = node.args.map(nameOf);
  if (node.op in COMPOSED) return COMPOSED[node.op as keyof typeof COMPOSED](builder, operands[0]!);
  return builder.op(OPERATORS[node.op as keyof typeof OPERATORS], operands);
}

/** e^a − 1 = 2·e^{a/2}·sinh(a/2), which does not cancel near 0; ONNX has no operator of its own for it. */
function expm1(builder: GraphBuilder, a: string): string {
  const half = builder.op('Mul', [a, scalar(builder, 0.5)]);
  const product = builder.op('Mul', [builder.op('Exp', [half]), builder.op('Sinh', [half])]);
  return builder.op('Mul', [product, scalar(builder, 2)]);
}

/** log(1 + a): 2·artanh(a/(2 + a)), which does not cancel near 0, up to |a| = ½; ONNX has no operator of its own for it. */
function log1p(builder: GraphBuilder, a: string): string {
  const near = builder.op('Greater', [scalar(builder, 0.5), builder.op('Abs', [a])]);
  const ratio = builder.op('Div', [a, builder.op('Add', [a, scalar(builder, 2)])]);
  const small = builder.op('Mul', [builder.op('Atanh', [ratio]), scalar(builder, 2)]);
  return builder.op('Where', [near, small, builder.op('Log', [builder.op('Add', [a, scalar(builder, 1)])])]);
}
