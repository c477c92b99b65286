import { intAttribute, intsAttribute, stringAttribute } from '../../model/attributes.ts';
import { sizeOf } from '../../model/dims.ts';
import type { Node } from '../../model/model.ts';
import type { ValueTable } from '../../shapes/value-table.ts';

/** Where the batch lies in a value: that axis has size outer · N · factor, the samples between the two. */
export interface BatchAxis {
  readonly axis: number;
  readonly outer: number;
  readonly factor: number;
}

/** What a node's inputs are, with the shapes at the batch of the file. */
export interface BatchedInputs {
  readonly axisOf: (name: string) => BatchAxis | undefined;
  readonly rankOf: (name: string) => number | undefined;
  readonly values: ValueTable;
  readonly opset: number;
}

/** Nodes that join or mix samples. */
export type Mixes = 'mixes';

/** Each element of the result depends on those at its place alone. */
export const ELEMENT_BY_ELEMENT: ReadonlySet<string> = new Set(
  (
    'Identity Cast CastLike Neg Abs Sign Sqrt Reciprocal Exp Log Floor Ceil Round Erf Sin Cos Tan Asin Acos Atan Sinh ' +
    'Cosh Tanh Asinh Acosh Atanh Sigmoid Relu LeakyRelu PRelu ThresholdedRelu Elu Celu Selu Softplus Softsign Mish ' +
    'HardSigmoid HardSwish Swish Gelu Shrink Clip Dropout Not IsNaN IsInf Add Sub Mul Div Mod Pow Sum Mean Max Min ' +
    'Where And Or Xor Equal Less LessOrEqual Greater GreaterOrEqual BitShift BitwiseAnd BitwiseOr BitwiseXor BitwiseNot'
  ).split(' '),
);
const AXIS_OPERATORS: ReadonlySet<string> = new Set(
  'Softmax LogSoftmax Hardmax Split CumSum TopK LpNormalization GatherElements ScatterElements'.split(' '),
);
const SAME_BUT_FOR_BATCH: ReadonlySet<string> = new Set(
  (
    'Conv ConvTranspose MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool BatchNormalization ' +
    'InstanceNormalization GroupNormalization DepthToSpace SpaceToDepth LRN'
  ).split(' '),
);

/** The batch's axis in the first output of a node without a rewriting of its own; 'mixes' where there is none. */
export function outputAxis(node: Node, given: BatchedInputs): BatchAxis | Mixes {
  const { axisOf, rankOf } = given;
  const name = node.input.find((each) => axisOf(each) !== undefined)!;
  const batch = axisOf(name)!;
  const rank = rankOf(name);
  const positive = (axis: number, of: number | undefined = rank): number =>
    axis < 0 ? axis + (of ?? 0) : axis;
  const isFirst = node.input[0] === name;
  const isAlone = isFirst && node.input.slice(1).every((other) => axisOf(other) === undefined);
  const { opType } = node;
  if (ELEMENT_BY_ELEMENT.has(opType)) return broadcast(node, given);
  if (SAME_BUT_FOR_BATCH.has(opType)) return isAlone && batch.axis === 0 ? batch : 'mixes';
  if (AXIS_OPERATORS.has(opType)) return besideAxis(node, batch, given, positive);
  if (opType.startsWith('Reduce')) return reduced(node, batch, given, positive);
  if (opType === 'ArgMax' || opType === 'ArgMin') {
    const axis = positive(intAttribute(node, 'axis', 0));
    if (axis === batch.axis) return 'mixes';
    const isKept = intAttribute(node, 'keepdims', 1) !== 0 || axis > batch.axis;
    return isKept ? batch : { ...batch, axis: batch.axis - 1 };
  }
  switch (opType) {
    case 'LayerNormalization':
    case 'RMSNormalization':
      return positive(intAttribute(node, 'axis', -1)) <= batch.axis ? 'mixes' : batch;
    case 'Transpose': {
      const perm = intsAttribute(node, 'perm');
      const axis = perm === undefined ? (rank ?? 1) - 1 - batch.axis : perm.indexOf(batch.axis);
      return { ...batch, axis };
    }
    case 'Unsqueeze': {
      const axes = intsAttribute(node, 'axes') ?? given.values.integers(node.input[1] ?? '');
      if (axes === undefined || rank === undefined) return 'mixes';
      let { axis } = batch;
      for (const added of axes.map((each) => positive(each, rank + axes.length)).sort((a, b) => a - b))
        if (added <= axis) axis++;
      return { ...batch, axis };
    }
    case 'Gather': {
      const axis = positive(intAttribute(node, 'axis', 0), rankOf(node.input[0]!));
      if (!isFirst) return { ...batch, axis: axis + batch.axis };
      if (axis === batch.axis) return 'mixes';
      return axis > batch.axis ? batch : { ...batch, axis: batch.axis - 1 + (rankOf(node.input[1]!) ?? 0) };
    }
    case 'Gemm': {
      const isApart = isFirst && axisOf(node.input[1]!) === undefined;
      const rest = axisOf(node.input[2] ?? '');
      if (!isApart || batch.axis !== intAttribute(node, 'transA', 0)) return 'mixes';
      return rest === undefined ? { ...batch, axis: 0 } : agreed([{ ...batch, axis: 0 }, rest]);
    }
    case 'Pad':
      return padded(node, batch, given, positive);
    case 'Trilu':
      return batch.axis < (rank ?? 0) - 2 ? batch : 'mixes';
    case 'MeanVarianceNormalization':
      return (intsAttribute(node, 'axes') ?? [0, 2, 3]).map((axis) => positive(axis)).includes(batch.axis)
        ? 'mixes'
        : batch;
    case 'OneHot': {
      if (!isAlone || rank === undefined) return 'mixes';
      const axis = positive(intAttribute(node, 'axis', -1), rank + 1);
      return { ...batch, axis: batch.axis + (axis <= batch.axis ? 1 : 0) };
    }
    case 'Upsample':
    case 'Resize':
    case 'QuantizeLinear':
    case 'DequantizeLinear':
      return isAlone ? batch : 'mixes';
    case 'GridSample':
    case 'Attention':
    case 'RotaryEmbedding':
      return batch.axis === 0 ? agreed(node.input.flatMap((each) => axisOf(each) ?? [])) : 'mixes';
    case 'MatMul':
      return product(node, given);
    case 'Flatten': {
      const axis = positive(intAttribute(node, 'axis', 1));
      const dims = given.values.shape(name)?.map(Number) ?? [];
      if (batch.axis >= axis) return 'mixes';
      const size = (from: number, to: number): number => sizeOf(dims.slice(from, to));
      const outer = batch.outer * size(0, batch.axis);
      return { axis: 0, outer, factor: batch.factor * size(batch.axis + 1, axis) };
    }
    case 'Einsum': {
      const [terms = '', result = ''] = stringAttribute(node, 'equation', '').replaceAll(' ', '').split('->');
      const letter = terms.split(',')[node.input.indexOf(name)]?.[batch.axis];
      const axis = letter === undefined ? -1 : result.indexOf(letter);
      return axis < 0 ? 'mixes' : { ...batch, axis };
    }
    default:
      return 'mixes';
  }
}

/** Operators that work along one axis. Before opset 13, a softmax takes its axis and all after it. */
function besideAxis(
  node: Node,
  batch: BatchAxis,
  { values, axisOf, opset }: BatchedInputs,
  positive: (axis: number) => number,
): BatchAxis | Mixes {
  const isFlat = opset < 13 && /^(Log)?Softmax$|^Hardmax$/.test(node.opType);
  const isOfFirst = node.opType === 'Split' || /Elements$/.test(node.opType);
  const given =
    node.opType === 'CumSum'
      ? values.integers(node.input[1] ?? '')?.[0]
      : intAttribute(node, 'axis', isFlat ? 1 : isOfFirst ? 0 : -1);
  if (given === undefined) return 'mixes';
  const axis = positive(given);
  if (isFlat ? batch.axis >= axis : batch.axis === axis) return 'mixes';
  return agreed(node.input.flatMap((name) => axisOf(name) ?? []));
}

/** Nothing is added beside the batch. */
function padded(
  node: Node,
  batch: BatchAxis,
  { values, rankOf }: BatchedInputs,
  positive: (axis: number) => number,
): BatchAxis | Mixes {
  const pads =
    intsAttribute(node, 'pads') ?? intsAttribute(node, 'paddings') ?? values.elements(node.input[1] ?? '');
  const axes = values.integers(node.input[3] ?? '')?.map((axis) => positive(axis));
  const count = axes?.length ?? rankOf(node.input[0]!);
  if (pads === undefined || count === undefined) return 'mixes';
  const at = axes === undefined ? batch.axis : axes.indexOf(batch.axis);
  return at < 0 || (pads[at] === 0 && pads[at + count] === 0) ? batch : 'mixes';
}

function reduced(
  node: Node,
  batch: BatchAxis,
  { values }: BatchedInputs,
  positive: (axis: number) => number,
): BatchAxis | Mixes {
  const axes = (intsAttribute(node, 'axes') ?? values.integers(node.input[1] ?? ''))?.map((axis) =>
    positive(axis),
  );
  if (axes === undefined || axes.includes(batch.axis)) return 'mixes';
  if (intAttribute(node, 'keepdims', 1) !== 0) return batch;
  return { ...batch, axis: batch.axis - axes.filter((axis) => axis < batch.axis).length };
}

function product(node: Node, { axisOf, rankOf }: BatchedInputs): BatchAxis | Mixes {
  const ranks = node.input.map((name) => rankOf(name));
  if (ranks.some((rank) => rank === undefined)) return 'mixes';
  const rank = Math.max(...(ranks as number[]));
  const axes = node.input.flatMap((name, i) => {
    const batch = axisOf(name);
    if (batch === undefined) return [];
    const fromEnd = ranks[i]! - batch.axis;
    const isContracted = fromEnd === (i === 0 ? 1 : 2);
    return [isContracted ? undefined : { ...batch, axis: rank - fromEnd }];
  });
  return agreed(axes);
}

/** Axes are aligned at the end. */
function broadcast(node: Node, { axisOf, rankOf, values }: BatchedInputs): BatchAxis | Mixes {
  const rank =
    rankOf(node.output[0]!) ?? Math.max(...node.input.map((name) => values.shape(name)?.length ?? 0));
  const axes = node.input.flatMap((name) => {
    const batch = axisOf(name);
    const own = rankOf(name);
    if (batch === undefined) return [];
    return [own === undefined ? undefined : { ...batch, axis: rank - own + batch.axis }];
  });
  return agreed(axes);
}

function agreed(axes: readonly (BatchAxis | undefined)[]): BatchAxis | Mixes {
  const [first] = axes;
  const isAgreed = axes.every(
    (each) => each?.axis === first?.axis && each?.factor === first?.factor && each?.outer === first?.outer,
  );
  return first !== undefined && isAgreed ? first : 'mixes';
}
