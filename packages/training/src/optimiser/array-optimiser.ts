import {
  type FloatArray,
  type Node,
  numberOps,
  type OperationName,
  type TracedFormula,
  traceFormula,
} from '@cf/core';
import type { OptimiserRule } from './optimiser-rule.ts';

/** What one update of an array is told. */
export interface ArrayUpdate {
  readonly gradient: ArrayLike<number>;
  readonly learningRate: number;
  /** 1 in the first update. */
  readonly updateNumber: number;
}

/** A rule for the numbers of arrays, in float64, of whatever precision the arrays are. */
export interface ArrayOptimiser {
  /** The rule's first numbers for an array, by their names. */
  first(parameter: FloatArray): Readonly<Record<string, FloatArray>>;
  /** Moves an array and the rule's numbers for it, in place. */
  update(parameter: FloatArray, state: Readonly<Record<string, FloatArray>>, update: ArrayUpdate): void;
}

/** Numbers that go through the formula at a time: few enough to stay in the cache. */
const BLOCK = 1024;

/** The reading of a rule for plain arrays: the formula's steps, each over a block of numbers. */
export function arrayOptimiser(rule: OptimiserRule, weightDecay: number): ArrayOptimiser {
  const formula = traced(rule, weightDecay);
  const buffers = new Map(formula.steps.map(({ id }) => [id, new Float64Array(BLOCK)]));
  const bufferOf = ({ id }: Node): Float64Array => buffers.get(id)!;
  const [uniform, varying] = partition(formula.steps);
  const inputs = formula.steps.filter((step) => step.op === 'input');
  const run = (step: Node): void => {
    if ('args' in step) apply(step.op, step.args.map(bufferOf), bufferOf(step));
  };
  return {
    first: (parameter) => Object.fromEntries(rule.state.map((name) => [name, parameter.slice().fill(0)])),
    update(parameter, state, { gradient, learningRate, updateNumber }) {
      const scalars: Readonly<Record<string, number>> = { learningRate, updateNumber };
      for (const step of uniform) {
        if (step.op === 'constant') bufferOf(step).fill(step.value);
        else if (step.op === 'input') bufferOf(step).fill(scalars[step.name]!);
        else run(step);
      }
      const sources: Readonly<Record<string, ArrayLike<number>>> = { ...state, weight: parameter, gradient };
      const targets: Readonly<Record<string, FloatArray>> = { ...state, weight: parameter };
      for (let from = 0; from < parameter.length; from += BLOCK) {
        const to = Math.min(parameter.length, from + BLOCK);
        for (const input of inputs) {
          const source = sources[input.name];
          if (source !== undefined) load(source, from, to, bufferOf(input));
        }
        for (const step of varying) run(step);
        for (const [name, node] of Object.entries(formula.outputs))
          store(bufferOf(node), targets[name]!, from, to);
      }
    },
  };
}

function traced(rule: OptimiserRule, weightDecay: number): TracedFormula {
  const inputs = ['weight', 'gradient', 'learningRate', 'updateNumber', ...rule.state] as const;
  return traceFormula(inputs, (ops, nodes) => {
    const state = Object.fromEntries(rule.state.map((name) => [name, nodes[name]!]));
    const { weight, gradient, learningRate, updateNumber } = nodes as Record<string, Node>;
    const input = {
      weight: weight!,
      gradient: gradient!,
      learningRate: learningRate!,
      updateNumber: updateNumber!,
    };
    const after = rule.update(ops, { ...input, state, weightDecay });
    return { ...after.state, weight: after.weight };
  });
}

/** Steps that are the same for every number of an array, and the others; inputs of the others are not among them. */
function partition(steps: readonly Node[]): readonly [uniform: readonly Node[], varying: readonly Node[]] {
  const uniform = new Set<Node>();
  for (const step of steps) {
    if (step.op === 'constant') uniform.add(step);
    else if (step.op === 'input') {
      if (step.name === 'learningRate' || step.name === 'updateNumber') uniform.add(step);
    } else if (step.args.every((arg) => uniform.has(arg))) uniform.add(step);
  }
  return [[...uniform], steps.filter((step) => !uniform.has(step) && step.op !== 'input')];
}

function load(source: ArrayLike<number>, from: number, to: number, out: Float64Array): void {
  for (let i = from; i < to; i++) out[i - from] = source[i]!;
}

function store(values: Float64Array, target: FloatArray, from: number, to: number): void {
  for (let i = from; i < to; i++) target[i] = values[i - from]!;
}

/** One operation over a block. Those with a loop of their own are what optimisers do most; a call costs five of them. */
function apply(op: OperationName, operands: readonly Float64Array[], out: Float64Array): void {
  const [a, b] = operands;
  if (op === 'add') for (let i = 0; i < BLOCK; i++) out[i] = a![i]! + b![i]!;
  else if (op === 'sub') for (let i = 0; i < BLOCK; i++) out[i] = a![i]! - b![i]!;
  else if (op === 'mul') for (let i = 0; i < BLOCK; i++) out[i] = a![i]! * b![i]!;
  else if (op === 'div') for (let i = 0; i < BLOCK; i++) out[i] = a![i]! / b![i]!;
  else if (op === 'sqrt') for (let i = 0; i < BLOCK; i++) out[i] = Math.sqrt(a![i]!);
  else {
    const call = numberOps[op] as (...numbers: readonly unknown[]) => unknown;
    for (let i = 0; i < BLOCK; i++) out[i] = Number(call(...operands.map((values) => values[i])));
  }
}
