import {
  type FloatArray,
  type Node,
  numberOps,
  type OperationName,
  type TracedFormula,
  traceFormula,
} from '@cf/core';
import type { ArrayUpdate, OptimiserRule } from './optimiser-rule.ts';

/** A rule for the numbers of plain arrays: computed in float64, kept in the precision of the arrays. */
export interface ArrayOptimiser {
  /** The rule's numbers for an array before its first update, by their names. */
  first(weight: FloatArray): Readonly<Record<string, FloatArray>>;
  /** Moves an array and the rule's numbers for it, in place. */
  update(update: Omit<ArrayUpdate, 'weightDecay'>): void;
}

/** The reading of a rule for plain arrays: its own loop where it has one, or else the formula over block after block. */
export function arrayOptimiser(rule: OptimiserRule, weightDecay: number): ArrayOptimiser {
  const move = rule.updateArray ?? blockwise(rule, weightDecay);
  return {
    first: (weight) => Object.fromEntries(rule.state.map((name) => [name, weight.slice().fill(0)])),
    update: (update) => move({ ...update, weightDecay }),
  };
}

/** Numbers that go through the formula at a time: few enough to stay in the cache. */
const BLOCK = 256;

/** Step by step over blocks of numbers. What is the same for all numbers is computed once an update. */
export function blockwise(rule: OptimiserRule, weightDecay: number): (update: ArrayUpdate) => void {
  const { steps, outputs } = traced(rule, weightDecay);
  const buffers = new Map(steps.map(({ id }) => [id, new Float64Array(BLOCK)]));
  const bufferOf = ({ id }: Node): Float64Array => buffers.get(id)!;
  const uniform = uniformSteps(steps);
  const [once, each] = [[...uniform], steps.filter((step) => !uniform.has(step))].map((part) =>
    part.flatMap((step) =>
      'args' in step ? [operation(step.op, bufferOf(step), step.args.map(bufferOf))] : [],
    ),
  ) as [(() => void)[], (() => void)[]];
  for (const step of steps) if (step.op === 'constant') bufferOf(step).fill(step.value);
  const inputs = steps.filter((step) => step.op === 'input');
  return ({ weight, gradient, state, learningRate, updateNumber }) => {
    const scalars: Readonly<Record<string, number>> = { learningRate, updateNumber };
    const arrays: Readonly<Record<string, FloatArray>> = { ...state, weight, gradient };
    const read = inputs.filter(({ name }) => arrays[name] !== undefined);
    for (const input of inputs) if (uniform.has(input)) bufferOf(input).fill(scalars[input.name]!);
    for (const run of once) run();
    for (let from = 0; from < weight.length; from += BLOCK) {
      const to = Math.min(weight.length, from + BLOCK);
      for (const input of read) bufferOf(input).set(arrays[input.name]!.subarray(from, to));
      for (const run of each) run();
      for (const [name, node] of Object.entries(outputs))
        arrays[name]!.set(bufferOf(node).subarray(0, to - from), from);
    }
  };
}

function traced(rule: OptimiserRule, weightDecay: number): TracedFormula {
  const inputs = ['weight', 'gradient', 'learningRate', 'updateNumber', ...rule.state];
  return traceFormula(inputs, (ops, nodes) => {
    const { weight, gradient, learningRate, updateNumber, ...state } = nodes as Required<typeof nodes>;
    const after = rule.update(ops, {
      weight: weight!,
      gradient: gradient!,
      learningRate: learningRate!,
      updateNumber: updateNumber!,
      state,
      weightDecay,
    });
    return { ...after.state, weight: after.weight };
  });
}

/** Steps that depend on no number of the arrays. */
function uniformSteps(steps: readonly Node[]): ReadonlySet<Node> {
  const uniform = new Set<Node>();
  for (const step of steps) {
    const depends =
      step.op === 'input'
        ? !['learningRate', 'updateNumber'].includes(step.name)
        : 'args' in step && !step.args.every((arg) => uniform.has(arg));
    if (!depends) uniform.add(step);
  }
  return uniform;
}

type Loop = (out: Float64Array, a: Float64Array, b: Float64Array) => void;

/** The usual operations over a block. A loop of its own is five times faster than calls. */
const LOOPS: Partial<Readonly<Record<OperationName, Loop>>> = {
  add(out, a, b) {
    for (let i = 0; i < BLOCK; i++) out[i] = a[i]! + b[i]!;
  },
  sub(out, a, b) {
    for (let i = 0; i < BLOCK; i++) out[i] = a[i]! - b[i]!;
  },
  mul(out, a, b) {
    for (let i = 0; i < BLOCK; i++) out[i] = a[i]! * b[i]!;
  },
  div(out, a, b) {
    for (let i = 0; i < BLOCK; i++) out[i] = a[i]! / b[i]!;
  },
  sqrt(out, a) {
    for (let i = 0; i < BLOCK; i++) out[i] = Math.sqrt(a[i]!);
  },
};

/** One operation over a block. */
function operation(op: OperationName, out: Float64Array, operands: readonly Float64Array[]): () => void {
  const loop = LOOPS[op];
  if (loop !== undefined) return () => loop(out, operands[0]!, operands[1]!);
  const call = numberOps[op] as (...numbers: readonly unknown[]) => unknown;
  return () => {
    for (let i = 0; i < BLOCK; i++) out[i] = Number(call(...operands.map((operand) => operand[i])));
  };
}
