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
      const [left, right] = [alike(program, whole, a), alike(program, whole, b)];
      const y = program.value(whole.layout, outputDims);
      program.run(api.binary(kind, left.layout, right.layout, y.layout), [
        [ARG.source, left],
        [ARG.source1, right],
        [ARG.destination, y],
      ]);
      layer.output(y);
      layer.onBackward((dy) => {
        const times = (by: 'mul' | 'div', other: Value): Value =>
          program.combined(by, dy, alike(program, dy, program.again(other)));
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

/** A value in the layout of another, where it is of the same sizes. */
function alike(program: Layer['program'], whole: Value, value: Value): Value {
  return `${value.dims}` === `${whole.dims}` ? program.as(value, whole.layout) : value;
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
