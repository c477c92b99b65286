import { decodeModel, encodeModel } from '../../model/codec.ts';
import type { Attribute, Graph, Model, Node } from '../../model/model.ts';
import { subgraphsOf } from '../../model/model.ts';

/** Draws of a fuzz: whole numbers below a bound, from a seed. */
export type Draw = (below: number) => number;

/** Mulberry32. */
export function drawOf(seed: number): Draw {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const AWKWARD: readonly bigint[] = [
  0n,
  1n,
  -1n,
  2n,
  3n,
  7n,
  -3n,
  255n,
  1n << 31n,
  -(1n << 31n),
  1n << 40n,
  (1n << 53n) + 1n,
  (1n << 63n) - 1n,
  -(1n << 63n),
];
const OPERATORS: readonly string[] = [
  'Add',
  'Mul',
  'Div',
  'Pow',
  'MatMul',
  'Gemm',
  'Conv',
  'Reshape',
  'Transpose',
  'Concat',
  'Split',
  'Slice',
  'Gather',
  'Resize',
  'Pad',
  'Squeeze',
  'Unsqueeze',
  'ReduceMean',
  'Softmax',
  'BatchNormalization',
  'LayerNormalization',
  'Dropout',
  'PRelu',
  'Expand',
  'Where',
  'Shape',
  'Range',
  'ConstantOfShape',
  'Tile',
  'LSTM',
  'GRU',
  'If',
  'Loop',
  'Einsum',
  'TopK',
  'ScatterND',
  'GatherND',
  'GatherElements',
  'AveragePool',
  'MaxPool',
  'GlobalAveragePool',
  'ConvTranspose',
  'Cast',
  'Clip',
  'Identity',
  'Constant',
  'Nonsense',
  // What every object has under these names is no rule.
  'constructor',
  'toString',
];

/** A mutant of one of these files. */
export function mutant(files: readonly Uint8Array[], draw: Draw): Uint8Array {
  let bytes: Uint8Array = files[draw(files.length)]!.slice();
  if (draw(4) > 0) bytes = mutatedTree(bytes, draw);
  if (draw(3) === 0) {
    for (let times = 1 + draw(4); times > 0; times--) bytes = mutatedBytes(bytes, files, draw);
  }
  return bytes;
}

function mutatedBytes(bytes: Uint8Array, files: readonly Uint8Array[], draw: Draw): Uint8Array {
  const at = draw(bytes.length + 1);
  const length = 1 + draw(32);
  const join = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);
  switch (draw(6)) {
    case 0: {
      const flipped = bytes.slice();
      if (at < flipped.length) flipped[at]! ^= 1 << draw(8);
      return flipped;
    }
    case 1:
      return bytes.slice(0, at);
    case 2:
      return join(bytes.subarray(0, at), bytes.subarray(at + length));
    case 3:
      return join(
        bytes.subarray(0, at),
        Uint8Array.from({ length }, () => draw(256)),
        bytes.subarray(at),
      );
    case 4:
      return join(bytes.subarray(0, at + length), bytes.subarray(at));
    default: {
      const other = files[draw(files.length)]!;
      return join(bytes.subarray(0, at), other.subarray(draw(other.length)));
    }
  }
}

function mutatedTree(bytes: Uint8Array, draw: Draw): Uint8Array {
  // A copy of its own, which is changed in place.
  const model = decodeModel(bytes.slice());
  for (let times = 1 + draw(3); times > 0; times--) mutateGraph(model, someGraph(model.graph!, draw), draw);
  return encodeModel(model);
}

function someGraph(graph: Graph, draw: Draw): Graph {
  const inner = graph.node.flatMap(subgraphsOf);
  return inner.length > 0 && draw(2) === 0 ? inner[draw(inner.length)]! : graph;
}

function mutateGraph(model: Model, graph: Graph, draw: Draw): void {
  const some = <T>(list: readonly T[]): T | undefined => list[draw(Math.max(list.length, 1))];
  const awkward = (): bigint => AWKWARD[draw(AWKWARD.length)]!;
  const names = graph.node.flatMap(({ output }) => output).concat(graph.initializer.map(({ name }) => name));
  const name = (): string => (draw(8) === 0 ? '' : (some(names) ?? ''));
  const node = some(graph.node);
  const tensor = some(graph.initializer);
  const info = some([...graph.input, ...graph.output, ...graph.valueInfo]);
  switch (draw(17)) {
    case 0:
      replace(tensor?.dims, awkward(), draw);
      return;
    case 1:
      tensor?.dims.push(awkward());
      return;
    case 2:
      if (tensor !== undefined) tensor.dims = [];
      return;
    case 3:
      if (tensor !== undefined) tensor.dataType = draw(28);
      return;
    case 4:
      if (tensor !== undefined) tensor.rawData = tensor.rawData.slice(0, draw(tensor.rawData.length + 1));
      return;
    case 5:
      if (tensor !== undefined) tensor.name = name();
      return;
    case 6:
      graph.initializer.splice(draw(graph.initializer.length + 1), 1);
      return;
    case 7:
      replace(node?.input, name(), draw);
      return;
    case 8:
      replace(node?.output, name(), draw);
      return;
    case 9:
      if (node !== undefined) node.input.length = draw(node.input.length + 1);
      return;
    case 10:
      if (node !== undefined) node.opType = some(OPERATORS)!;
      return;
    case 11:
      graph.node.splice(draw(graph.node.length + 1), 1);
      return;
    case 12:
      if (node !== undefined) graph.node.splice(draw(graph.node.length), 0, node);
      return;
    case 13:
      if (info?.type?.value.case === 'tensorType') {
        if (draw(2) === 0) info.type.value.value.elemType = draw(28);
        else replace(info.type.value.value.shape?.dim.map((dim) => dim) ?? [], undefined, draw);
        const dim = some(info.type.value.value.shape?.dim ?? []);
        if (dim !== undefined) dim.value = { case: 'dimValue', value: awkward() };
      }
      return;
    case 14:
      if (draw(2) === 0) graph.input.splice(draw(graph.input.length + 1), 1);
      else graph.output.splice(draw(graph.output.length + 1), 1);
      return;
    case 15:
      if (draw(8) === 0) some(model.opsetImport)!.version = BigInt(draw(30));
      return;
    default:
      if (node !== undefined) mutateAttribute(node, some(node.attribute), awkward, draw);
  }
}

function mutateAttribute(
  node: Node,
  attribute: Attribute | undefined,
  awkward: () => bigint,
  draw: Draw,
): void {
  if (attribute === undefined) return;
  switch (draw(7)) {
    case 0:
      attribute.i = awkward();
      return;
    case 1:
      replace(attribute.ints, awkward(), draw);
      return;
    case 2:
      attribute.ints.push(awkward());
      return;
    case 3:
      attribute.f = [Number.NaN, Number.POSITIVE_INFINITY, -1, 0, 1e38][draw(5)]!;
      return;
    case 4:
      node.attribute.splice(node.attribute.indexOf(attribute), 1);
      return;
    case 5:
      replace(attribute.t?.dims, awkward(), draw);
      return;
    default:
      attribute.ints = [];
      attribute.s = draw(4) === 0 ? Buffer.from('constructor') : Uint8Array.of(draw(256), draw(256));
      attribute.strings = attribute.strings.map(() => attribute.s).slice(0, draw(4));
  }
}

function replace<T>(list: T[] | undefined, value: T, draw: Draw): void {
  if (list !== undefined && list.length > 0) list[draw(list.length)] = value;
}
