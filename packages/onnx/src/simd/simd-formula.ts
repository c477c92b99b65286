import type { Node, OperationName, TracedFormula } from '@cf/core';
import type { FunctionWriter, Local, Operation } from './function-writer.ts';
import { simdAtan, simdCos, simdSin } from './simd-angles.ts';
import { simdExp, simdExpm1 } from './simd-exp.ts';
import { simdLog, simdLog1p } from './simd-log.ts';

const FUNCTIONS = {
  exp: simdExp,
  expm1: simdExpm1,
  log: simdLog,
  log1p: simdLog1p,
  sin: simdSin,
  cos: simdCos,
  atan: simdAtan,
} as const;

const OPERATIONS: Readonly<
  Record<Exclude<OperationName, keyof typeof FUNCTIONS | 'select' | 'min' | 'max'>, Operation>
> = {
  add: 'f32x4.add',
  sub: 'f32x4.sub',
  mul: 'f32x4.mul',
  div: 'f32x4.div',
  neg: 'f32x4.neg',
  abs: 'f32x4.abs',
  sqrt: 'f32x4.sqrt',
  greater: 'f32x4.gt',
  and: 'v128.and',
  or: 'v128.or',
  not: 'v128.not',
};

/**
 * The WebAssembly reading: any traced formula on four float32 at a time; truth values are lanes of ones and zeros.
 *
 * @param known steps whose values are at hand.
 */
export function simdFormula<Name extends string>(
  writer: FunctionWriter,
  formula: TracedFormula,
  inputs: Readonly<Record<string, Local>>,
  outputs: readonly Name[],
  known: ReadonlyMap<Node, Local> = new Map(),
): Readonly<Record<Name, Local>> {
  const locals = new Map([...known].map(([step, local]) => [step.id, local]));
  const ends = outputs.map((name) => formula.outputs[name]!);
  const needed = stepsOf(ends, known);
  for (const step of formula.steps)
    if (needed.has(step)) locals.set(step.id, write(writer, step, locals, inputs));
  return Object.fromEntries(outputs.map((name) => [name, locals.get(formula.outputs[name]!.id)!])) as Record<
    Name,
    Local
  >;
}

function write(
  writer: FunctionWriter,
  step: Node,
  locals: ReadonlyMap<number, Local>,
  inputs: Readonly<Record<string, Local>>,
): Local {
  if (step.op === 'input') return inputs[step.name]!;
  if (step.op === 'constant') return writer.floats(step.value);
  const operands = step.args.map(({ id }) => locals.get(id)!);
  const size = step.op === 'neg' ? step.args[0]! : undefined;
  if (size?.op === 'abs') return writer.value('v128.or', locals.get(size.args[0]!.id)!, writer.floats(-0));
  const one = step.op === 'mul' ? step.args.findIndex((arg) => arg.op === 'constant' && arg.value === 1) : -1;
  if (one >= 0) return operands[1 - one]!;
  if (step.op === 'min' || step.op === 'max') return bounded(writer, step.op, step.args, operands);
  if (step.op === 'select') return writer.value('v128.bitselect', operands[1]!, operands[2]!, operands[0]!);
  if (step.op in FUNCTIONS) return FUNCTIONS[step.op as keyof typeof FUNCTIONS](writer, operands[0]!);
  return writer.value(OPERATIONS[step.op as keyof typeof OPERATIONS], ...operands);
}

/** min and max take many instructions to keep every NaN; beside a constant, which is none, one does. */
function bounded(
  writer: FunctionWriter,
  op: 'min' | 'max',
  args: readonly Node[],
  operands: readonly Local[],
): Local {
  const [a, b] = operands as [Local, Local];
  if (args[1]!.op === 'constant') return writer.value(`f32x4.p${op}`, a, b);
  if (args[0]!.op === 'constant') return writer.value(`f32x4.p${op}`, b, a);
  return writer.value(`f32x4.${op}`, a, b);
}

/** All that some outputs depend on, beside what is known. */
function stepsOf(outputs: readonly Node[], known: ReadonlyMap<Node, Local>): ReadonlySet<Node> {
  const found = new Set<Node>();
  const visit = (step: Node): void => {
    if (found.has(step) || known.has(step)) return;
    found.add(step);
    if ('args' in step) step.args.forEach(visit);
  };
  outputs.forEach(visit);
  return found;
}
