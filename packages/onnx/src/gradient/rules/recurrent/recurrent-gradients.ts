import { attributeOf, intAttribute, stringAttribute } from '../../../model/attributes.ts';
import type { GradientGraph } from '../../context.ts';
import { type IntVector, ints } from '../../int-vector.ts';
import type { InputGradient, RuleCall } from '../../rule.ts';
import { activationsOf } from './activations.ts';
import type { Cell, CellWeights } from './cell.ts';
import { scan } from './scan.ts';

/** Gradients that a direction gives, each without the axis of directions. */
interface DirectionGradient {
  readonly x: string;
  readonly w: string;
  readonly r: string;
  readonly b: string;
  readonly states: readonly string[];
  readonly p: string | undefined;
}

/**
 * Gradients of a recurrent layer, by its inputs. Only what must goes from step to step: products with X, and those that
 * ∂W and ∂R are, are one matrix product over all steps.
 */
export function recurrentGradients(call: RuleCall, cell: Cell): readonly (InputGradient | undefined)[] {
  const { graph, node } = call;
  if (attributeOf(node, 'clip') !== undefined) throw call.refuse('without clip');
  if (intAttribute(node, 'input_forget', 0) !== 0) throw call.refuse('without input_forget');
  const direction = stringAttribute(node, 'direction', 'forward').toLowerCase();
  const reverses = direction === 'bidirectional' ? [false, true] : [direction === 'reverse'];
  for (const [i] of reverses.entries()) activationsOf(call, i, cell.activations);
  const isBatchFirst = intAttribute(node, 'layout', 0) !== 0;
  const timeFirst = (value: string): string => (isBatchFirst ? graph.transpose(value, [1, 0, 2]) : value);
  let written: readonly DirectionGradient[] | undefined;
  const all = (): readonly DirectionGradient[] => {
    const x = timeFirst(call.x);
    const layer: Layer = { call, cell, x, isBatchFirst };
    written ??= reverses.map((isReverse, i) => directionGradient(layer, i, isReverse));
    return written;
  };
  const stacked = (pick: (direction: DirectionGradient) => string): string => {
    const parts = all().map((one) => graph.unsqueeze(pick(one), 0));
    return parts.length === 1 ? parts[0]! : graph.op('Concat', parts, { axis: { int: 0 } });
  };
  const sum = (): string => {
    const parts = all().map(({ x }) => x);
    return timeFirst(parts.length === 1 ? parts[0]! : graph.op('Add', parts));
  };
  return [
    sum,
    () => stacked(({ w }) => w),
    () => stacked(({ r }) => r),
    () => stacked(({ b }) => b),
    undefined,
    () => timeFirst(stacked(({ states }) => states[0]!)),
    () => timeFirst(stacked(({ states }) => states[1]!)),
    () => stacked(({ p }) => p!),
  ];
}

interface Layer {
  readonly call: RuleCall;
  readonly cell: Cell;
  /** [T, N, I]. */
  readonly x: string;
  readonly isBatchFirst: boolean;
}

function directionGradient(layer: Layer, direction: number, isReverse: boolean): DirectionGradient {
  const { call, cell, x, isBatchFirst } = layer;
  const { graph } = call;
  const { gates } = cell;
  const one = graph.scalar(1, x);
  const of = (value: string, axis: number): string =>
    graph.op('Gather', [value, graph.integerScalar(direction)], { axis: { int: axis } });
  const [w, r] = [of(call.input(1), 0), of(call.input(2), 0)];
  const width = graph.dimension(r, 1);
  const batch = graph.dimension(x, 1);
  const zerosOf = (...parts: readonly IntVector[]): string =>
    graph.op('Expand', [graph.scalar(0, x), graph.integers(graph.concatIntegers(...parts))]);
  const parts = (value: string, count: number): readonly string[] =>
    count === 1
      ? [value]
      : graph.several('Split', [value, repeated(graph, width, count)], { axis: { int: 0 } }, count);
  const bias = call.has(3) ? parts(of(call.input(3), 0), 2 * gates) : undefined;
  const zeroBias = (): string => zerosOf(width);
  const [inputBias, stateBias] = [bias?.slice(0, gates), bias?.slice(gates)];
  const weights: CellWeights = {
    recurrent: r,
    recurrentParts: parts(r, gates),
    biasParts: stateBias ?? Array.from({ length: gates }, zeroBias),
    peepholes: call.has(7) && cell.states === 2 ? parts(of(call.input(7), 0), 3) : undefined,
    one,
    widths: repeated(graph, width, gates),
    activations: activationsOf(call, direction, cell.activations),
  };
  // A GRU with linear_before_reset multiplies the bias of R: there the step adds it.
  const isInside = intAttribute(call.node, 'linear_before_reset', 0) !== 0 && gates === 3;
  const biases = inputBias?.map((b, i) => (isInside && i === 2 ? b : graph.op('Add', [b, stateBias![i]!])));
  const product = graph.op('MatMul', [x, graph.transpose(w, [1, 0])]);
  const pre =
    biases === undefined
      ? product
      : graph.op('Add', [
          product,
          biases.length === 1 ? biases[0]! : graph.op('Concat', biases, { axis: { int: 0 } }),
        ]);
  const initial = Array.from({ length: cell.states }, (_, i) =>
    call.has(5 + i) ? of(call.input(5 + i), isBatchFirst ? 1 : 0) : zerosOf(batch, width),
  );
  const masks = call.has(4) ? [maskOf(call, x)] : [];
  const keep = (
    body: Parameters<Cell['forward']>[0],
    mask: string | undefined,
    next: string,
    before: string,
  ): string =>
    mask === undefined
      ? next
      : body.op('Where', [body.op('Greater', [mask, body.op('Sub', [mask, mask])]), next, before]);
  const forward = scan(graph, {
    states: initial,
    inputs: [pre, ...masks],
    isReverse,
    step: (body, states, [now, mask]) => {
      const step = cell.forward(body, weights, now!, states);
      const next = step.states.map((state, i) => keep(body, mask, state, states[i]!));
      return { states: next, outputs: [step.saved, ...states, ...next] };
    },
  });
  const [saved, ...both] = forward.outputs as [string, ...string[]];
  const [before, after] = [both.slice(0, cell.states), both.slice(cell.states)];
  const [dY, ...dStates] = call.arrived;
  const last = Array.from({ length: cell.states }, (_, i) => {
    const arrived = dStates[i];
    return arrived === undefined ? zerosOf(batch, width) : of(arrived, isBatchFirst ? 1 : 0);
  });
  const dHidden = (): readonly string[] => {
    if (dY === undefined) return [];
    const own = of(dY, isBatchFirst ? 2 : 1);
    return [isBatchFirst ? graph.transpose(own, [1, 0, 2]) : own];
  };
  const arriving = dHidden();
  const backward = scan(graph, {
    states: last,
    inputs: [saved, ...before, ...after, ...arriving, ...masks],
    isReverse: !isReverse,
    step: (body, gradients, inputs) => {
      const s = cell.states;
      const mask = masks.length > 0 ? inputs.at(-1) : undefined;
      const dy = arriving.length > 0 ? inputs[1 + 2 * s] : undefined;
      const masked = (value: string): string => (mask === undefined ? value : body.op('Mul', [value, mask]));
      const total = gradients.map((state, i) => {
        const sum = i === 0 && dy !== undefined ? body.op('Add', [state, dy]) : state;
        return masked(sum);
      });
      const step = cell.backward(body, weights, {
        saved: inputs[0]!,
        before: inputs.slice(1, 1 + s),
        after: inputs.slice(1 + s, 1 + 2 * s),
        gradients: total,
      });
      // A step beyond the end of a sequence hands on what it was given.
      const states = step.states.map((state, i) => keep(body, mask, state, gradients[i]!));
      return { states, outputs: [step.fromInput, step.fromState] };
    },
  });
  const [fromInput, fromState] = backward.outputs as [string, string];
  const rows = (value: string): string => {
    const columns = graph.dimension(value, 2);
    return graph.reshape(value, graph.concatIntegers(ints(-1), columns));
  };
  const wide = (value: string): string =>
    graph.reshape(value, graph.concatIntegers(ints(-1), dimensionTimes(graph, width, gates)));
  const against = (gate: string, seen: string): string =>
    graph.op('Gemm', [gate, seen], { transA: { int: 1 } });
  const narrow = (value: string): string => graph.reshape(value, graph.concatIntegers(ints(-1), width));
  const [gateInput, gateState] = [wide(fromInput), wide(fromState)];
  const hidden = narrow(before[0]!);
  const columnsOf = (value: string, count: number): readonly string[] =>
    graph.several('Split', [value, repeated(graph, width, count)], { axis: { int: 1 } }, count);
  const dR = (): string => {
    if (gates !== 3 || isInside) return against(gateState, hidden);
    const byGate = columnsOf(gateState, 3);
    const reset = columnsOf(wide(saved), 3)[1]!;
    const seen = graph.op('Mul', [reset, hidden]);
    const products = byGate.map((gate, i) => against(gate, i === 2 ? seen : hidden));
    return graph.op('Concat', products, { axis: { int: 0 } });
  };
  const dP = (): string | undefined => {
    if (weights.peepholes === undefined) return undefined;
    const [input, output, forget] = columnsOf(gateInput, 4);
    const [c, cell] = [narrow(before[1]!), narrow(after[1]!)];
    const sums = [
      [input!, c],
      [output!, cell],
      [forget!, c],
    ].map((pair) => graph.reduceSum(graph.op('Mul', pair), [0], false));
    return graph.op('Concat', sums, { axis: { int: 0 } });
  };
  return {
    x: graph.reshapeLike(graph.op('MatMul', [gateInput, w]), x),
    w: against(gateInput, rows(x)),
    r: dR(),
    b: graph.op('Concat', [graph.reduceSum(gateInput, [0], false), graph.reduceSum(gateState, [0], false)], {
      axis: { int: 0 },
    }),
    states: backward.states,
    p: dP(),
  };
}

/** 1 for the steps of a sequence, 0 beyond its end: [T, N, 1]. */
function maskOf(call: RuleCall, x: string): string {
  const { graph } = call;
  const steps = graph.op('Squeeze', [graph.integers(graph.dimension(x, 0)), graph.integers(ints(0))]);
  const range = graph.op('Range', [graph.integerScalar(0), steps, graph.integerScalar(1)]);
  const lengths = graph.op('Cast', [call.input(4)], { to: { int: 7 } });
  const times = graph.reshape(range, ints(-1, 1, 1));
  return graph.cast(graph.op('Less', [times, graph.reshape(lengths, ints(1, -1, 1))]), x);
}

function repeated(graph: GradientGraph, width: IntVector, count: number): string {
  return graph.integers(graph.concatIntegers(...Array.from({ length: count }, () => width)));
}

function dimensionTimes(graph: GradientGraph, width: IntVector, count: number): IntVector {
  return graph.combine('Mul', width, ints(count));
}
