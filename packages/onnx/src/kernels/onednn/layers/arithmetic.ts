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
      const { program, outputDims } = layer;
      const [a, b] = aligned(layer);
      const whole = [a, b].find(({ dims }) => `${dims}` === `${outputDims}`);
      if (whole === undefined) throw layer.refused('an operand of the size of the result');
      const y = program.value(whole.layout, outputDims);
      const [left, right] = inLayoutOf(program, whole, [a, b]);
      combine(layer, kind, [left, right, y]);
      layer.output(y);
      layer.onBackward((dy) => {
        if (layer.flowsTo(0)) give(layer, 0, firstGradient(layer, kind, { dy, b: right }));
        if (layer.flowsTo(1)) give(layer, 1, secondGradient(layer, kind, { dy, a: left }));
      });
    },
  };
}

function firstGradient(
  layer: Layer,
  kind: BinaryKind,
  { dy, b }: { readonly dy: Value; readonly b: Value },
): Value {
  if (kind === 'add' || kind === 'sub') return dy;
  return combined(layer, kind, dy, b);
}

function secondGradient(
  layer: Layer,
  kind: BinaryKind,
  { dy, a }: { readonly dy: Value; readonly a: Value },
): Value {
  if (kind === 'add') return dy;
  if (kind === 'mul') return combined(layer, 'mul', dy, a);
  const { api, program } = layer;
  const result = program.value(dy.layout, dy.dims);
  program.run(api.elementwise({ kind: 'linear', alpha: -1 }, dy.layout), [
    [ARG.source, dy],
    [ARG.destination, result],
  ]);
  return result;
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

function combined(layer: Layer, kind: BinaryKind, a: Value, b: Value): Value {
  const [left, right] = inLayoutOf(layer.program, a, [a, b]);
  const result = layer.program.value(a.layout, a.dims);
  combine(layer, kind, [left, right, result]);
  return result;
}

function combine(
  { api, program }: Layer,
  kind: BinaryKind,
  [a, b, result]: readonly [Value, Value, Value],
): void {
  program.run(api.binary(kind, a.layout, b.layout, result.layout), [
    [ARG.source, a],
    [ARG.source1, b],
    [ARG.destination, result],
  ]);
}

/** Operands of the same sizes in the same layout. */
function inLayoutOf(
  program: Layer['program'],
  whole: Value,
  values: readonly [Value, Value],
): readonly [Value, Value] {
  const [a, b] = values.map((value) =>
    `${value.dims}` === `${whole.dims}` ? program.as(value, whole.layout) : value,
  ) as [Value, Value];
  return [a, b];
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
