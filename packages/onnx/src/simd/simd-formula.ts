import type { Node, OperationName, TracedFormula } from '@cf/core';
import type { FunctionWriter, Local, Operation } from './function-writer.ts';
import { simdExp } from './simd-exp.ts';

const OPERATIONS: Readonly<Partial<Record<OperationName, Operation>>> = {
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

/** Whether {@link simdFormula} can write a formula: it has no logarithm, no angle and no expm1. */
export function hasSimdFormula(formula: TracedFormula): boolean {
  return formula.steps.every(
    ({ op }) =>
      op === 'input' || op === 'constant' || op === 'select' || op === 'exp' || OPERATIONS[op] !== undefined,
  );
}

/** The WebAssembly reading: a traced formula on four float32 at a time; truth values are lanes of ones and zeros. */
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
  if (step.op === 'exp') return simdExp(writer, operands[0]!);
  if (step.op === 'select') return writer.value('v128.bitselect', operands[1]!, operands[2]!, operands[0]!);
  return writer.value(OPERATIONS[step.op]!, ...operands);
}
