import { intAttribute, intsAttribute } from '../model/attributes.ts';
import { type Dimension, isStandardDomain, type Node, type Shape } from '../model/model.ts';
import { broadcastShapes } from './broadcast.ts';
import type { KnownValues } from './known-values.ts';
import { windowOutputShape } from './window-shape.ts';

const SAME: ReadonlySet<string> = new Set(
  (
    'Identity Neg Exp Log Sqrt Relu LeakyRelu PRelu Sigmoid Tanh Clip Erf HardSigmoid HardSwish Softmax LogSoftmax ' +
    'Reciprocal Cast CastLike Dropout BatchNormalization LayerNormalization InstanceNormalization Gelu Abs Softplus Elu Selu Not ' +
    'Celu Mish Swish Softsign ThresholdedRelu Shrink Sign Floor Ceil Round Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh ' +
    'Hardmax GroupNormalization RMSNormalization LpNormalization LRN MeanVarianceNormalization CumSum Trilu IsNaN IsInf BitwiseNot ScatterND ScatterElements'
  ).split(' '),
);
const BROADCAST: ReadonlySet<string> = new Set(
  'Add Sub Mul Div Pow Where Equal Greater GreaterOrEqual Less LessOrEqual And Or Xor Sum Max Min Mean Mod BitShift'.split(
    ' ',
  ),
);

/** Shape of a node's output, as far as it follows from its inputs; `undefined` if not even the rank does. */
export function inferShape(node: Node, output: number, values: KnownValues): Shape | undefined {
  if (!isStandardDomain(node.domain)) return undefined;
  const first = values.shape(node.input[0] ?? '');
  const { opType } = node;
  if (SAME.has(opType)) {
    const likeInput = output === 0 || (opType === 'Dropout' && output === 1);
    return likeInput ? first : undefined;
  }
  if (opType === 'MaxPool' && output === 1) return windowOutputShape(node, values);
  if (output !== 0 && opType !== 'Split') return undefined;
  if (BROADCAST.has(opType)) return broadcastShapes(node.input.map((name) => values.shape(name)));
  return INFERENCE[opType]?.(node, values, first);
}

type Inference = (node: Node, values: KnownValues, first: Shape | undefined) => Shape | undefined;

const INFERENCE: Readonly<Record<string, Inference>> = {
  Conv: (node, values) => windowOutputShape(node, values),
  MaxPool: (node, values) => windowOutputShape(node, values),
  AveragePool: (node, values) => windowOutputShape(node, values),
  GlobalAveragePool: (_, __, x) => x?.map((dim, axis) => (axis < 2 ? dim : 1)),
  ConvTranspose: (_, __, x) => x && [x[0], ...x.slice(1).map(() => undefined)],
  Slice: slicedShape,
  Split: (_, __, x) => x?.map(() => undefined),
  Pad: (node, values, x) => {
    const pads = values.integers(node.input[1] ?? '');
    const isAllAxes = (node.input[3] ?? '') === '';
    return x?.map((dim, axis) => {
      if (pads === undefined || !isAllAxes) return undefined;
      const added = pads[axis]! + pads[axis + x.length]!;
      return typeof dim === 'number' ? dim + added : added === 0 ? dim : undefined;
    });
  },
  SpaceToDepth: (node, _, x) => {
    const block = intAttribute(node, 'blocksize', 1);
    return x && [x[0], scaled(x[1], block ** 2), ...x.slice(2).map((dim) => scaled(dim, 1 / block))];
  },
  DepthToSpace: (node, _, x) => {
    const block = intAttribute(node, 'blocksize', 1);
    return x && [x[0], scaled(x[1], 1 / block ** 2), ...x.slice(2).map((dim) => scaled(dim, block))];
  },
  Shape: (_, __, x) => x && [x.length],
  Size: () => [],
  Flatten: (node, _, x) => {
    if (x === undefined) return [undefined, undefined];
    const axis = intAttribute(node, 'axis', 1);
    return [product(x.slice(0, axis)), product(x.slice(axis === 0 ? 0 : axis))];
  },
  Transpose: (node, _, x) => {
    const perm = intsAttribute(node, 'perm') ?? x?.map((_, axis) => x.length - 1 - axis);
    return x && perm?.map((axis) => x[axis]);
  },
  Reshape: (node, values, x) => {
    const target = values.integers(node.input[1]!);
    const rank = values.shape(node.input[1]!)?.[0];
    if (target === undefined)
      return typeof rank === 'number' ? new Array<Dimension>(rank).fill(undefined) : undefined;
    const copies = intAttribute(node, 'allowzero', 0) === 0;
    const dims = target.map((dim, axis) => (dim === 0 && copies ? x?.[axis] : dim));
    const others = dims.filter((dim) => dim !== -1);
    return dims.map((dim) => (dim === -1 ? quotient(x, others) : dim));
  },
  Squeeze: (node, values, x) => {
    const axes = values.integers(node.input[1] ?? '');
    return x && axes && x.filter((_, axis) => !axes.includes(axis) && !axes.includes(axis - x.length));
  },
  Unsqueeze: (node, values, x) => {
    const axes = values.integers(node.input[1] ?? '');
    if (x === undefined || axes === undefined) return undefined;
    const rank = x.length + axes.length;
    const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
    let next = 0;
    return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : x[next++]));
  },
  Concat: (node, values, x) => {
    const inputs = node.input.map((name) => values.shape(name));
    const axis = intAttribute(node, 'axis', 0);
    return x?.map((dim, i) => {
      if (i !== (axis < 0 ? axis + x.length : axis)) return dim;
      const sizes = inputs.map((shape) => shape?.[i]);
      return sizes.every((size) => typeof size === 'number') ? sizes.reduce((a, b) => a + b, 0) : undefined;
    });
  },
  ReduceSum: reduced,
  ReduceMean: reduced,
  ReduceMax: reduced,
  ReduceMin: reduced,
  ReduceProd: reduced,
  ReduceL1: reduced,
  ReduceL2: reduced,
  ReduceSumSquare: reduced,
  ReduceLogSum: reduced,
  ReduceLogSumExp: reduced,
  MatMul: (node, values, a) => {
    const b = values.shape(node.input[1]!);
    if (a === undefined || b === undefined || a.length < 2 || b.length < 2) return undefined;
    const batch = broadcastShapes([a.slice(0, -2), b.slice(0, -2)]);
    return batch && [...batch, a[a.length - 2], b[b.length - 1]];
  },
  Gemm: (node, values, a) => {
    const b = values.shape(node.input[1]!);
    return [a?.[intAttribute(node, 'transA', 0)], b?.[1 - intAttribute(node, 'transB', 0)]];
  },
  Gather: (node, values, x) => {
    const indices = values.shape(node.input[1]!);
    const axis = intAttribute(node, 'axis', 0);
    if (x === undefined || indices === undefined) return undefined;
    const at = axis < 0 ? axis + x.length : axis;
    return [...x.slice(0, at), ...indices, ...x.slice(at + 1)];
  },
  Expand: (node, values, x) => {
    const rank = values.shape(node.input[1]!)?.[0];
    const open = typeof rank === 'number' ? new Array<Dimension>(rank).fill(undefined) : undefined;
    return broadcastShapes([x, values.integers(node.input[1]!) ?? open]);
  },
};

function reduced(node: Node, values: KnownValues, x: Shape | undefined): Shape | undefined {
  const given = (node.input[1] ?? '') !== '';
  const axes = intsAttribute(node, 'axes') ?? (given ? values.integers(node.input[1]!) : []);
  if (x === undefined || axes === undefined) return undefined;
  const keep = intAttribute(node, 'keepdims', 1) !== 0;
  const noop = axes.length === 0 && intAttribute(node, 'noop_with_empty_axes', 0) !== 0;
  const isReduced = (axis: number): boolean =>
    !noop && (axes.length === 0 || axes.includes(axis) || axes.includes(axis - x.length));
  return x.flatMap((dim, axis) => (isReduced(axis) ? (keep ? [1] : []) : [dim]));
}

function scaled(dim: Dimension, factor: number): Dimension {
  return typeof dim === 'number' ? Math.round(dim * factor) : undefined;
}

function slicedShape(node: Node, values: KnownValues, x: Shape | undefined): Shape | undefined {
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map((i) => values.integers(node.input[i] ?? ''));
  const given = (i: number): boolean => (node.input[i] ?? '') !== '';
  if (x === undefined || !starts || !ends || (given(3) && !axes) || (given(4) && !steps)) {
    return x?.map(() => undefined);
  }
  const at = (axes ?? starts.map((_, i) => i)).map((axis) => (axis < 0 ? axis + x.length : axis));
  return x.map((dim, axis) => {
    const i = at.indexOf(axis);
    if (i < 0 || typeof dim !== 'number') return i < 0 ? dim : undefined;
    return slicedLength(dim, starts[i]!, ends[i]!, steps?.[i] ?? 1);
  });
}

function slicedLength(size: number, start: number, end: number, step: number): number {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const inside = (position: number): number => {
    const fromStart = position < 0 ? position + size : position;
    return Math.min(Math.max(fromStart, low), high);
  };
  const first = step > 0 ? inside(start) : Math.max(inside(start), 0);
  return Math.max(Math.ceil((inside(end) - first) / step), 0);
}

/** Elements of one shape for every element of another; equal symbols cancel. */
function quotient(dividend: Shape | undefined, divisor: Shape): Dimension {
  if (dividend === undefined) return undefined;
  const symbols = divisor.filter((dim) => typeof dim === 'string');
  const rest = dividend.filter((dim) => {
    const at = typeof dim === 'string' ? symbols.indexOf(dim) : -1;
    if (at >= 0) symbols.splice(at, 1);
    return at < 0;
  });
  const below = divisor.filter((dim) => typeof dim !== 'string');
  if (symbols.length > 0 || below.includes(0)) return undefined;
  const sizes = rest.filter((dim) => typeof dim === 'number');
  const count = Number(product(sizes)) / Number(product(below));
  if (sizes.length === rest.length) return count;
  return sizes.length === rest.length - 1 && count === 1
    ? rest.find((dim) => typeof dim !== 'number')
    : undefined;
}

function product(dims: Shape): Dimension {
  if (dims.length === 1) return dims[0];
  return dims.every((dim) => typeof dim === 'number') ? dims.reduce((a, b) => a * b, 1) : undefined;
}
