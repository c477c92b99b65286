import type { Node, OperationName, TracedFormula } from '@cf/core';
import type { FunctionWriter, Local, Operation } from './function-writer.ts';
import { simdAtan, simdCos, simdSin } from './simd-angles.ts';
import { simdExp, simdExpm1 } from './simd-exp.ts';
import { simdLog, simdLog1p, simdLog1pOfShare } from './simd-log.ts';

const FUNCTIONS = {
  exp: simdExp,
  expm1: simdExpm1,
  log: simdLog,
  log1p: simdLog1p,
  sin: simdSin,
  cos: simdCos,
  atan: simdAtan,
} as const;

const OPERATIONS: Readonly<Record<Exclude<OperationName, keyof typeof FUNCTIONS | 'select'>, Operation>> = {
  add: 'f32x4.add',
  sub: 'f32x4.sub',
  mul: 'f32x4.mul',
  div: 'f32x4.div',
  neg: 'f32x4.neg',
  abs: 'f32x4.abs',
  min: 'f32x4.min',
  max: 'f32x4.max',
  sqrt: 'f32x4.sqrt',
  greater: 'f32x4.gt',
  and: 'v128.and',
  or: 'v128.or',
  not: 'v128.not',
};

/** The WebAssembly reading: any traced formula on four float32 at a time; truth values are lanes of ones and zeros. */
export function simdFormula<Name extends string>(
  writer: FunctionWriter,
  formula: TracedFormula,
  inputs: Readonly<Record<string, Local>>,
  outputs: readonly Name[],
): Readonly<Record<Name, Local>> {
  const locals = new Map<number, Local>();
  for (const step of formula.steps) locals.set(step.id, write(writer, step, locals, inputs));
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
  if (step.op === 'select') return writer.value('v128.bitselect', operands[1]!, operands[2]!, operands[0]!);
  if (step.op === 'log1p' && isShare(step.args[0]!)) return simdLog1pOfShare(writer, operands[0]!);
  if (step.op in FUNCTIONS) return FUNCTIONS[step.op as keyof typeof FUNCTIONS](writer, operands[0]!);
  return writer.value(OPERATIONS[step.op as keyof typeof OPERATIONS], ...operands);
}

/** Whether a step lies in [0, 1], as can be told from how it is made: e^{−|a|}, which a softplus takes the logarithm of. */
function isShare(step: Node): boolean {
  const [negated] = step.op === 'exp' ? step.args : [];
  const [size] = negated?.op === 'neg' ? negated.args : [];
  return size?.op === 'abs';
}
