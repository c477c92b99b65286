import { ARG, type BinaryKind } from '../api.ts';
import type { Layer, LayerRule } from '../layer.ts';
import type { Value } from '../storage.ts';

/** Add, Sub, Mul, Div of tensors, where one is repeated along the other. */
export function arithmetic(kind: BinaryKind): LayerRule {
  return {
    refusal: ({ rank, flowsTo }) => {
      const [a, b] = [rank(0), rank(1)];
      if (a === undefined || b === undefined) return 'operands of known rank';
      if (kind === 'div' && flowsTo(1)) return 'a divisor that no gradient flows to';
      return undefined;
    },
    write: (layer) => {
      const { api, program, outputDims } = layer;
      const [a, b] = aligned(layer);
      const whole = [a, b].find(({ dims }) => `${dims}` === `${outputDims}`);
      if (whole === undefined) throw layer.refused('an operand of the size of the result');
      const other = whole === a ? b : a;
      const [first, second] = operands(layer, whole, other);
      const [left, right] = whole === a ? [first, second] : [second, first];
      const y = program.value(first.layout, outputDims);
      program.run(api.binary(kind, left.layout, right.layout, y.layout), [
        [ARG.source, left],
        [ARG.source1, right],
        [ARG.destination, y],
      ]);
      layer.output(y);
      layer.onBackward((dy) => {
        const times = (by: 'mul' | 'div', factor: Value): Value =>
          program.combined(by, ...operands(layer, dy, program.again(factor)));
        if (layer.flowsTo(0)) give(layer, 0, kind === 'mul' || kind === 'div' ? times(kind, right) : dy);
        if (!layer.flowsTo(1)) return;
        if (kind === 'mul') give(layer, 1, times('mul', left));
        else give(layer, 1, kind === 'add' ? dy : program.scaled(dy, -1));
      });
    },
  };
}

/** Hands on a gradient, summed along what was repeated. */
function give(layer: Layer, index: number, gradient: Value): void {
  const { api, program } = layer;
  const dims = padded(layer.dims(index), gradient.dims.length);
  if (`${dims}` === `${gradient.dims}`) {
    layer.gradient(index, gradient);
    return;
  }
  const layout = api.plain(dims);
  const whole = program.rowMajor(gradient);
  const sum = program.value(layout, dims);
  program.run(api.reduction('sum', whole.layout, layout), [
    [ARG.source, whole],
    [ARG.destination, sum],
  ]);
  layer.gradient(index, program.view(sum, layer.dims(index)));
}

/** Two operands in layouts for which oneDNN has a kernel of its own, where there are such; the first has all sizes. */
function operands({ api, program }: Layer, whole: Value, other: Value): readonly [Value, Value] {
  if (`${other.dims}` === `${whole.dims}`) return [whole, program.as(other, whole.layout)];
  const blocks = ([16, 8] as const).map((width) => api.blocked(other.dims, width));
  const choices = [
    ...[other.layout, ...blocks].map((layout) => [whole.layout, layout] as const),
    [api.plain(whole.dims), api.plain(other.dims)] as const,
  ];
  const own = choices.find(
    ([a, b]) =>
      b !== undefined && !api.implementationOf(program.hint(api.binary('mul', a, b, a))).startsWith('ref'),
  );
  const [a, b] = own ?? [whole.layout, other.layout];
  return [program.as(whole, a), program.as(other, b!)];
}

/** Both operands with as many axes as the result. */
function aligned({ program, outputDims, ...layer }: Layer): readonly [Value, Value] {
  return [0, 1].map((index) => {
    const value = layer.input(index);
    if (value.dims.length === outputDims.length) return value;
    return program.view(program.rowMajor(value), padded(value.dims, outputDims.length));
  }) as [Value, Value];
}

function padded(dims: readonly number[], rank: number): readonly number[] {
  return [...Array.from({ length: rank - dims.length }, () => 1), ...dims];
}
