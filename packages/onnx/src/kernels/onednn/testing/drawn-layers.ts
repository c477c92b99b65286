import type { Attributes } from '../../../model/attributes.ts';
import { sizeOf } from '../../../model/dims.ts';
import { indices } from '../../../testing/random-tensor.ts';
import type { Drawing, Drawn } from './drawing.ts';

/** Numbers that decide on a step: what it is, what it reads, and how. */
export interface Draw {
  readonly kind: number;
  readonly from: number;
  readonly other: number;
  readonly size: number;
  readonly way: number;
}

const CHANNELS = [1, 2, 6, 7, 16, 17];
const pick = <T>(of: readonly T[], at: number): T => of[at % of.length]!;

export type Step = (drawing: Drawing, x: Drawn, how: Draw) => Drawn | readonly Drawn[] | undefined;

const each = (of: readonly number[], value: number): number[] => of.map(() => value);

const convolution: Step = (drawing, { name, dims: [n, c, ...sides] }, { size, way, other }) => {
  const groups = way % 3 === 0 ? c! : way % 3 === 1 && c! % 2 === 0 ? 2 : 1;
  const to = way % 3 === 0 ? c! : groups * pick(CHANNELS, size);
  const kernel = sides.map((side) => Math.min(side + 2, 1 + (size % 3)));
  const pads = kernel.map((k) => Math.min(1, k - 1));
  const strides = each(sides, 1 + (other % 2));
  const out = sides.map((side, i) => Math.floor((side + 2 * pads[i]! - kernel[i]!) / strides[i]!) + 1);
  if (out.some((side) => side < 1)) return undefined;
  const dims = [to, c! / groups, ...kernel];
  let weight = drawing.weight(dims, way % 2 === 0);
  if (way % 7 === 0)
    weight = drawing.op('Mul', [weight, drawing.weight([to, ...each(dims.slice(1), 1)])], {}, dims).name;
  if (way % 11 === 0) weight = drawing.op('Tanh', [weight], {}, dims).name;
  const bias = size % 2 === 0 ? [drawing.weight([to], true)] : [];
  const attributes = {
    group: { int: groups },
    pads: { ints: [...pads, ...pads] },
    strides: { ints: strides },
  };
  return drawing.op('Conv', [name, weight, ...bias], attributes, [n!, to, ...out]);
};

const normalization: Step = (drawing, x, { way, other }) => {
  const [n, c, ...sides] = x.dims as [number, number, ...number[]];
  const statistics = [drawing.constant([c], -0.5, 0.5), drawing.constant([c], 0.5, 1.5)];
  const epsilon = { epsilon: { float: 0.5 } };
  let y: Drawn;
  if (way % 3 === 0 || n * sizeOf(sides) < 3)
    y = drawing.op(
      'BatchNormalization',
      [x.name, drawing.constant([c], 0.5, 1.5), drawing.constant([c], -0.5, 0.5), ...statistics],
      epsilon,
      x.dims,
    );
  else {
    const inputs = [
      x.name,
      drawing.weight([c], other % 2 === 0),
      drawing.weight([c], other % 2 === 0),
      ...statistics,
    ];
    const name = `n${drawing.values.length}`;
    for (const input of inputs) drawing.read.add(input);
    drawing.builder.op(
      'BatchNormalization',
      inputs,
      { ...epsilon, training_mode: { int: 1 } },
      { outputs: [name, `${name}.mean`, `${name}.variance`] },
    );
    drawing.told.push(`${name} = training BatchNormalization(${inputs})`);
    y = { name, dims: x.dims };
  }
  return way % 2 === 0 ? [y, drawing.op('Relu', [y.name], {}, x.dims)] : y;
};

const activation: Step = (drawing, { name, dims }, { way, other }) => {
  const known: readonly [string, Attributes][] = [
    ['Relu', {}],
    ['Tanh', {}],
    ['Sigmoid', {}],
    ['LeakyRelu', { alpha: { float: 0.2 } }],
    ['Elu', {}],
    ['HardSwish', {}],
    ['HardSigmoid', { alpha: { float: 1 / 6 } }],
    ['Softplus', {}],
    ['Identity', {}],
  ];
  const at = way % (known.length + 2);
  if (at === known.length) {
    const bound = (value: number): string =>
      drawing.builder.constant({ type: 'float32', dims: [], data: Float32Array.of(value) });
    return drawing.op('Clip', [name, bound(-0.4), bound(0.6)], {}, dims);
  }
  if (at > known.length) {
    const slopes = other % 2 === 0 ? [dims[1]!, ...each(dims.slice(2), 1)] : [1];
    return drawing.op('PRelu', [name, drawing.weight(slopes, true)], {}, dims);
  }
  return drawing.op(known[at]![0], [name], known[at]![1], dims);
};

const arithmetic: Step = (drawing, x, { way, other, size }) => {
  const operator = pick(['Add', 'Sub', 'Mul', 'Add', 'Mul'], way);
  const channel = [x.dims[1]!, ...each(x.dims.slice(2), 1)];
  if (size % 13 === 12) return drawing.op('Div', [x.name, drawing.constant(channel, 1, 2)], {}, x.dims);
  const same = drawing.values.filter(({ dims }) => `${dims}` === `${x.dims}`);
  const operand = pick<() => string>(
    [
      () => pick(same, other).name,
      () => pick(same, other).name,
      () => pick(same, other).name,
      () => drawing.weight(channel, true),
      () => drawing.weight([], true),
      () => drawing.constant([], 0.5, 1.5),
      () => drawing.constant([1, ...channel], 0.5, 1.5),
      () => drawing.weight(x.dims, true),
    ],
    size,
  )();
  const isTurned = other % 2 === 1;
  return drawing.op(operator, isTurned ? [operand, x.name] : [x.name, operand], {}, x.dims);
};

const pool: Step = (drawing, { name, dims: [n, c, ...sides] }, { way, other }) => {
  const kind = pick(['MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool'], way);
  if (kind.startsWith('Global')) return drawing.op(kind, [name], {}, [n!, c!, ...each(sides, 1)]);
  const strides = 1 + (other % 2);
  const kernel = sides.map((side) => Math.min(side, 3));
  const out = sides.map((side, i) => Math.floor((side - kernel[i]!) / strides) + 1);
  const attributes = { kernel_shape: { ints: kernel }, strides: { ints: each(sides, strides) } };
  return drawing.op(kind, [name], attributes, [n!, c!, ...out]);
};

/** Squeeze and excitation. */
const gate: Step = (drawing, x, { size, way }) => {
  const [n, c, ...sides] = x.dims as [number, number, ...number[]];
  const one = each(sides, 1);
  const mean = drawing.op('GlobalAveragePool', [x.name], {}, [n, c, ...one]);
  const inner = pick(CHANNELS, size);
  const bias = drawing.weight([inner], true);
  const few = drawing.op('Conv', [mean.name, drawing.weight([inner, c, ...one], true), bias], {}, [
    n,
    inner,
    ...one,
  ]);
  const less = drawing.op('Relu', [few.name], {}, few.dims);
  const many = drawing.op('Conv', [less.name, drawing.weight([c, inner, ...one], true)], {}, mean.dims);
  const open = drawing.op(pick(['Sigmoid', 'HardSigmoid'], way), [many.name], {}, many.dims);
  return drawing.op('Mul', way % 2 === 0 ? [x.name, open.name] : [open.name, x.name], {}, x.dims);
};

const concat: Step = (drawing, x, { other }) => {
  const [n, c, ...sides] = x.dims as [number, number, ...number[]];
  const fitting = drawing.values.filter(
    ({ dims }) => `${[dims[0], ...dims.slice(2)]}` === `${[n, ...sides]}`,
  );
  const y = pick(fitting, other);
  return drawing.op('Concat', [x.name, y.name], { axis: { int: 1 } }, [n, c + y.dims[1]!, ...sides]);
};

const split: Step = (drawing, { name, dims: [n, c, ...sides] }, { size, way }) => {
  if (c! < 3) return undefined;
  const first = 1 + (size % (c! - 2));
  if (way % 2 === 0) {
    const [from, to, axis] = [first, c!, 1].map((at) => drawing.builder.constant(indices(at)));
    return drawing.op('Slice', [name, from!, to!, axis!], {}, [n!, c! - first, ...sides]);
  }
  const names = [`s${drawing.values.length}`, `t${drawing.values.length}`];
  drawing.read.add(name);
  const sizes = drawing.builder.constant(indices(first, c! - first));
  drawing.builder.op('Split', [name, sizes], { axis: { int: 1 } }, { outputs: names });
  drawing.told.push(`${names} = Split(${name})`);
  return [
    { name: names[0]!, dims: [n!, first, ...sides] },
    { name: names[1]!, dims: [n!, c! - first, ...sides] },
  ];
};

const shuffle: Step = (drawing, { name, dims: [n, c, ...sides] }) => {
  if (c! % 2 !== 0) return undefined;
  const inner = [n!, 2, c! / 2, ...sides];
  const groups = drawing.op('Reshape', [name, drawing.builder.constant(indices(...inner))], {}, inner);
  const order = inner.map((_, axis) => (axis === 1 ? 2 : axis === 2 ? 1 : axis));
  const turned = drawing.op('Transpose', [groups.name], { perm: { ints: order } }, []);
  const shape = drawing.builder.constant(indices(n!, c!, ...sides));
  return drawing.op('Reshape', [turned.name, shape], {}, [n!, c!, ...sides]);
};

const flatten: Step = (drawing, { name, dims: [n, ...others] }) =>
  drawing.op('Flatten', [name], { axis: { int: 1 } }, [n!, sizeOf(others)]);

const dense: Step = (drawing, { name, dims: [n, from] }, { size, way }) => {
  const to = pick(CHANNELS, size);
  if (way % 5 === 0) {
    const weight = drawing.weight([to, from!], true);
    const turned = drawing.op('Transpose', [weight], { perm: { ints: [1, 0] } }, []);
    return drawing.op('MatMul', [name, turned.name], {}, [n!, to]);
  }
  const transB = way % 2;
  const weight = drawing.weight(transB === 1 ? [to, from!] : [from!, to], true);
  if (way % 3 === 0 && transB === 0) return drawing.op('MatMul', [name, weight], {}, [n!, to]);
  const bias = size % 2 === 0 ? [drawing.weight(way % 4 === 0 ? [1, to] : [to], true)] : [];
  return drawing.op('Gemm', [name, weight, ...bias], { transB: { int: transB } }, [n!, to]);
};

/** Layers of [N, C]. */
export const FLAT: readonly Step[] = [dense, dense, normalization, activation, arithmetic, concat, split];
/** Layers of pictures. */
export const SPATIAL: readonly Step[] = [
  convolution,
  convolution,
  convolution,
  normalization,
  normalization,
  activation,
  activation,
  arithmetic,
  arithmetic,
  pool,
  gate,
  concat,
  split,
  shuffle,
  flatten,
];
