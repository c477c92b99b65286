import { intAttribute, stringAttribute } from '../../../model/attributes.ts';
import type { GradientGraph } from '../../context.ts';
import { ints } from '../../int-vector.ts';
import { once } from '../../once.ts';
import type { Rule, RuleCall } from '../../rule.ts';
import { zeros } from '../../zeros.ts';

/**
 * Y = X at places between its elements (Jaderberg et al. 2015), each a mean of the corners around it: what arrives at a
 * place goes to its corners by their weights, and moves the place by how the weights change. The nearest element is the
 * one corner of a place; then none moves.
 */
export const gridSample: Rule = {
  inputs: [0, 1],
  gradient(call) {
    const { graph, x } = call;
    const mode = stringAttribute(call.node, 'mode', 'linear');
    if (call.rank(x) < 3) throw call.refuse('one spatial axis or more');
    if (mode === 'cubic' || mode === 'bicubic') throw call.refuse('mode linear or nearest');
    const isNearest = mode === 'nearest';
    const axes = once(() => sampledAxes(call, isNearest));
    const corners = once(() => cornersOf(axes().map(({ sides }) => sides)));
    const dy = once(() => graph.reshapeKeeping(call.dy, 0, 0, -1));
    return [
      () => {
        const flat = graph.op('Reshape', [x, graph.integers(ints(0, 0, -1))]);
        const along = (values: readonly string[]): string => graph.op('Concat', values, { axis: { int: 2 } });
        const parts = corners().map((corner) =>
          graph.op('Mul', [dy(), channel(graph, weightOf(graph, corner))]),
        );
        const shape = graph.op('Shape', [dy()]);
        const places = corners().map((corner) =>
          graph.op('Expand', [channel(graph, placeOf(call, corner)), shape]),
        );
        const empty = zeros(graph, graph.op('Shape', [flat]), x);
        const sums = graph.op('ScatterElements', [empty, along(places), along(parts)], {
          axis: { int: 2 },
          reduction: { string: 'add' },
        });
        return graph.reshapeLike(sums, x);
      },
      () => {
        const grid = call.input(1);
        if (isNearest) return zeros(graph, graph.shapeOf(grid), grid);
        const slopes = axes().map((axis, moved) => {
          const parts = corners().map((corner) => {
            const others = corner.map(({ weight, slope }, i) => (i === moved ? slope : weight));
            return graph.op('Mul', [along(call, dy(), corner), product(graph, others)]);
          });
          return graph.unsqueeze(graph.op('Mul', [sum(graph, parts), axis.rate]), 2);
        });
        // The last number of a grid is for the first axis.
        return graph.reshapeLike(graph.op('Concat', slopes.reverse(), { axis: { int: 2 } }), grid);
      },
    ];
  },
};

/** One of the elements along an axis that a place lies between, all [N, Q]. */
interface Side {
  /** Its position, int64, inside the axis. */
  readonly position: string;
  /** Its share; 0 outside. */
  readonly weight: string;
  /** How the share changes with the place. */
  readonly slope: string;
}

interface SampledAxis {
  readonly sides: readonly Side[];
  /** How the place changes with the number in the grid. */
  readonly rate: string;
}

function sampledAxes(call: RuleCall, isNearest: boolean): readonly SampledAxis[] {
  const { graph, x } = call;
  const count = call.rank(x) - 2;
  return Array.from({ length: count }, (_, axis) => {
    const index = graph.integerScalar(count - 1 - axis);
    const numbers = graph.op('Gather', [call.input(1), index], { axis: { int: -1 } });
    const { place, rate } = placesAlong(call, axis + 2, graph.reshapeKeeping(numbers, 0, -1));
    const last = lastAlong(call, axis + 2);
    if (isNearest) return { sides: [side(graph, graph.op('Round', [place]), last)], rate };
    const lower = graph.op('Floor', [place]);
    const one = graph.scalar(1, x);
    const after = graph.op('Sub', [place, lower]);
    const before = graph.op('Sub', [one, after]);
    const sides = [
      side(graph, lower, last, { weight: before, slope: -1 }),
      side(graph, graph.op('Add', [lower, one]), last, { weight: after, slope: 1 }),
    ];
    return { sides, rate };
  });
}

/** Places along an axis, in elements, and how they change with the numbers of a grid, from -1 to 1. */
function placesAlong(call: RuleCall, axis: number, numbers: string): { place: string; rate: string } {
  const { graph, node, x } = call;
  const isAligned = intAttribute(node, 'align_corners', 0) !== 0;
  const op = (operator: string, ...inputs: readonly string[]): string => graph.op(operator, inputs);
  const number = (value: number): string => graph.scalar(value, x);
  const last = lastAlong(call, axis);
  const width = isAligned ? last : op('Add', last, number(1));
  const half = op('Mul', width, number(0.5));
  const lowest = number(isAligned ? 0 : -0.5);
  const place = op('Add', op('Mul', op('Add', numbers, number(1)), half), lowest);
  const mode = stringAttribute(node, 'padding_mode', 'zeros');
  if (mode === 'zeros') return { place, rate: half };
  const isInside = (value: string): string =>
    graph.cast(op('And', op('Greater', value, number(0)), op('Less', value, last)), x);
  const bounded = (value: string): string => op('Min', op('Max', value, number(0)), last);
  if (mode === 'border') return { place: bounded(place), rate: op('Mul', half, isInside(place)) };
  const from = op('Sub', place, lowest);
  const size = op('Abs', from);
  const turns = op('Floor', op('Div', size, width));
  const rest = op('Sub', size, op('Mul', turns, width));
  const isOdd = op(
    'Greater',
    op('Sub', turns, op('Mul', op('Floor', op('Mul', turns, number(0.5))), number(2))),
    number(0.5),
  );
  const folded = op('Add', op('Where', isOdd, op('Sub', width, rest), rest), lowest);
  const direction = op('Mul', op('Sign', from), op('Where', isOdd, number(-1), number(1)));
  const rate = op('Mul', op('Mul', half, direction), isInside(folded));
  return { place: bounded(folded), rate };
}

/** Position of the last element along an axis, as a float. */
function lastAlong({ graph, x }: RuleCall, axis: number): string {
  const size = graph.dimension(x, axis);
  if ('known' in size) return graph.scalar(size.known[0]! - 1, x);
  return graph.op('Sub', [graph.cast(graph.integers(size), x), graph.scalar(1, x)]);
}

function side(
  graph: GradientGraph,
  position: string,
  last: string,
  { weight, slope }: { readonly weight?: string; readonly slope: number } = { slope: 0 },
): Side {
  const zero = graph.scalar(0, position);
  const isThere = graph.op('And', [
    graph.op('GreaterOrEqual', [position, zero]),
    graph.op('LessOrEqual', [position, last]),
  ]);
  const share = graph.cast(isThere, position);
  const inside = graph.op('Min', [graph.op('Max', [position, zero]), last]);
  return {
    position: graph.op('Cast', [inside], { to: { int: 7 } }),
    weight: weight === undefined ? share : graph.op('Mul', [weight, share]),
    slope: graph.op('Mul', [share, graph.scalar(slope, position)]),
  };
}

/** Every choice of one side an axis. */
function cornersOf(axes: readonly (readonly Side[])[]): readonly (readonly Side[])[] {
  return axes.reduce<readonly (readonly Side[])[]>(
    (corners, sides) => corners.flatMap((corner) => sides.map((each) => [...corner, each])),
    [[]],
  );
}

/** Position of a corner among the elements of a channel, [N, Q]. */
function placeOf({ graph, x }: RuleCall, corner: readonly Side[]): string {
  return corner
    .map(({ position }) => position)
    .reduce((place, position, axis) => {
      const size = graph.integers(graph.dimension(x, axis + 2));
      return graph.op('Add', [graph.op('Mul', [place, size]), position]);
    });
}

/** Σ over channels of what arrived times the corner's element, [N, Q]. */
function along(call: RuleCall, dy: string, corner: readonly Side[]): string {
  const { graph, x } = call;
  const flat = graph.op('Reshape', [x, graph.integers(ints(0, 0, -1))]);
  const places = graph.op('Expand', [channel(graph, placeOf(call, corner)), graph.op('Shape', [dy])]);
  const elements = graph.op('GatherElements', [flat, places], { axis: { int: 2 } });
  return graph.reduceSum(graph.op('Mul', [dy, elements]), [1], false);
}

function weightOf(graph: GradientGraph, corner: readonly Side[]): string {
  return product(
    graph,
    corner.map(({ weight }) => weight),
  );
}

function product(graph: GradientGraph, factors: readonly string[]): string {
  return factors.reduce((all, factor) => graph.op('Mul', [all, factor]));
}

function sum(graph: GradientGraph, parts: readonly string[]): string {
  return parts.length === 1 ? parts[0]! : graph.op('Sum', parts);
}

/** [N, Q] as [N, 1, Q]. */
function channel(graph: GradientGraph, value: string): string {
  return graph.unsqueeze(value, 1);
}
