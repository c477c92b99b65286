import { elementTypeOf } from '../../model/element-type.ts';
import { requireWeightsInside } from '../../model/external-data.ts';
import { fromBfloat16, fromFloat16 } from '../../model/half-float.ts';
import { mapModel } from '../../model/map-model.ts';
import { TensorProto_DataType as Code, type TypeProto } from '../../model/messages/onnx_pb.js';
import {
  type Graph,
  graphOf,
  isOperator,
  isStandardDomain,
  type Model,
  type Node,
  subgraphsOf,
  type TensorProtoValue,
} from '../../model/model.ts';
import { readValues } from '../../model/read-values.ts';
import { readTensor } from '../../model/tensor.ts';
import { PRECISIONS, RESULT_TYPES } from '../../model/type-attributes.ts';
import { withFields } from '../../model/with-fields.ts';
import { ValueTable } from '../../shapes/value-table.ts';
import type { Note } from '../note.ts';

const HALVES: ReadonlySet<number> = new Set([Code.FLOAT16, Code.BFLOAT16]);
const FLOATS: ReadonlySet<string> = new Set(['float32', 'float16', 'bfloat16']);
const TYPE_ATTRIBUTES: ReadonlySet<string> = new Set([...RESULT_TYPES, ...PRECISIONS]);

/**
 * The model in float32 wherever it is in float16 or bfloat16: weights, which have the same numbers, and values, which are
 * rounded no more. Casts between these types go; integers, quantised numbers and float64 stay. A model without half
 * types stays the same object.
 *
 * @throws OnnxFileError if weights are in side files that were not read
 */
export function toFloat32(model: Model): { readonly model: Model; readonly notes: readonly Note[] } {
  const weights: string[] = [];
  let widened = mapModel(model, {
    tensor(tensor) {
      if (!HALVES.has(tensor.dataType)) return tensor;
      weights.push(tensor.name);
      return tensor;
    },
    type: widenedType,
    node: widenedNode,
  });
  if (widened === model && weights.length === 0) return { model, notes: [] };
  requireWeightsInside(model);
  const casts = castsBetweenFloats(model);
  widened = mapModel(widened, { tensor: widenedTensor });
  const text = 'what is float16 or bfloat16 in the file is float32 here: weights keep their numbers.';
  return {
    model: withFields(widened, { graph: withoutCasts(graphOf(widened), casts) }),
    notes: [{ kind: 'half-precision', text, names: weights.filter((name) => name !== '') }],
  };
}

function widenedTensor(tensor: TensorProtoValue): TensorProtoValue {
  if (!HALVES.has(tensor.dataType)) return tensor;
  const bits = readTensor(tensor).data as Uint16Array;
  const numbers = tensor.dataType === Code.FLOAT16 ? fromFloat16(bits) : fromBfloat16(bits);
  const rawData = new Uint8Array(numbers.buffer);
  return withFields(tensor, { dataType: Code.FLOAT, rawData, int32Data: [] });
}

function widenedType(type: TypeProto): TypeProto {
  const { value } = type;
  const elem = (code: number): number => (HALVES.has(code) ? Code.FLOAT : code);
  switch (value.case) {
    case 'tensorType':
    case 'sparseTensorType': {
      if (!HALVES.has(value.value.elemType)) return type;
      const tensor = withFields(value.value, { elemType: elem(value.value.elemType) });
      return withFields(type, { value: { ...value, value: tensor } as TypeProto['value'] });
    }
    case 'sequenceType':
    case 'optionalType': {
      const inner = value.value.elemType && widenedType(value.value.elemType);
      if (inner === value.value.elemType) return type;
      const outer = withFields<{ elemType?: TypeProto | undefined }>(value.value, { elemType: inner });
      return withFields(type, { value: { ...value, value: outer } as TypeProto['value'] });
    }
    default:
      return type;
  }
}

function widenedNode(node: Node): Node {
  if (!isStandardDomain(node.domain)) return node;
  const isHalf = ({ name, i }: Node['attribute'][number]): boolean =>
    TYPE_ATTRIBUTES.has(name) && HALVES.has(Number(i));
  if (!node.attribute.some(isHalf)) return node;
  const attribute = node.attribute.map((one) =>
    isHalf(one) ? withFields(one, { i: BigInt(Code.FLOAT) }) : one,
  );
  return withFields(node, { attribute });
}

/** Outputs of the main graph's casts that do nothing once all is float32. */
function castsBetweenFloats(model: Model): ReadonlySet<string> {
  const values = new ValueTable(model);
  const casts = new Set<string>();
  for (const node of graphOf(model).node) {
    if (!isOperator(node, 'Cast')) continue;
    const to = elementTypeOf(Number(node.attribute.find(({ name }) => name === 'to')?.i ?? 0));
    const from = values.type(node.input[0] ?? '');
    if (to !== undefined && from !== undefined && FLOATS.has(to) && FLOATS.has(from) && node.output[0])
      casts.add(node.output[0]);
  }
  return casts;
}

/** The graph without some casts, where what they give has another name to be read by. */
function withoutCasts(graph: Graph, casts: ReadonlySet<string>): Graph {
  // What subgraphs read keeps its name.
  const held = new Set(graph.node.filter((node) => subgraphsOf(node).length > 0).flatMap(readValues));
  const outputs = new Set(graph.output.map(({ name }) => name));
  const computed = new Set(graph.node.flatMap(({ output }) => output));
  const names = new Map<string, string>();
  const nameOf = (name: string): string => names.get(name) ?? name;
  const removed = new Set<Node>();
  const renamed = new Set<string>();
  for (const node of graph.node) {
    const [input, output] = [node.input[0]!, node.output[0]!];
    if (!casts.has(output) || held.has(output)) continue;
    const source = nameOf(input);
    if (!outputs.has(output)) names.set(output, source);
    else if (computed.has(source) && !outputs.has(source) && !held.has(source) && !renamed.has(source)) {
      // The node before the cast gives the output.
      names.set(source, output);
      for (const [name, to] of names) if (to === source) names.set(name, output);
      renamed.add(output);
    } else continue;
    removed.add(node);
  }
  if (removed.size === 0) return graph;
  const dropped = new Set(names.keys());
  const node = graph.node
    .filter((one) => !removed.has(one))
    .map((one) => {
      const isTouched = [...one.input, ...one.output].some((name) => names.has(name));
      if (!isTouched) return one;
      return withFields(one, { input: one.input.map(nameOf), output: one.output.map(nameOf) });
    });
  return withFields(graph, { node, valueInfo: graph.valueInfo.filter(({ name }) => !dropped.has(name)) });
}
