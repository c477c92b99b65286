import type { FunctionProto, SparseTensorProto, TypeProto } from './messages/onnx_pb.js';
import type { Attribute, Graph, Model, Node, TensorProtoValue, ValueInfo } from './model.ts';
import { withFields } from './with-fields.ts';

/** What becomes of the parts of a model, wherever they stand. */
export interface ModelChanges {
  /** Of initializers, sparse ones, and tensors in attributes. */
  readonly tensor?: (tensor: TensorProtoValue) => TensorProtoValue;
  /** Of declared values and of attributes. */
  readonly type?: (type: TypeProto) => TypeProto;
  /** Of nodes, after what is in their attributes. */
  readonly node?: (node: Node) => Node;
}

/**
 * The model with changes in its main graph, subgraphs, functions and training information. What does not change stays
 * the same object.
 */
export function mapModel(model: Model, changes: ModelChanges): Model {
  return changed(model, {
    graph: optional(model.graph, (graph) => mapGraph(graph, changes)),
    functions: each(model.functions, (one) => mapFunction(one, changes)),
    trainingInfo: each(model.trainingInfo, (info) =>
      changed(info, {
        initialization: optional(info.initialization, (graph) => mapGraph(graph, changes)),
        algorithm: optional(info.algorithm, (graph) => mapGraph(graph, changes)),
      }),
    ),
  });
}

/** As {@link mapModel}, of a graph and its subgraphs. */
export function mapGraph(graph: Graph, changes: ModelChanges): Graph {
  const { tensor = same } = changes;
  return changed(graph, {
    initializer: each(graph.initializer, tensor),
    sparseInitializer: each(graph.sparseInitializer, (sparse) => mapSparse(sparse, tensor)),
    node: each(graph.node, (node) => mapNode(node, changes)),
    input: each(graph.input, (info) => mapInfo(info, changes)),
    output: each(graph.output, (info) => mapInfo(info, changes)),
    valueInfo: each(graph.valueInfo, (info) => mapInfo(info, changes)),
  });
}

/** All tensors of a model, in the order of the file: initializers, sparse ones, and those in attributes. */
export function tensorsOf(model: Model): readonly TensorProtoValue[] {
  const tensors: TensorProtoValue[] = [];
  mapModel(model, {
    tensor(tensor) {
      tensors.push(tensor);
      return tensor;
    },
  });
  return tensors;
}

function mapFunction(one: FunctionProto, changes: ModelChanges): FunctionProto {
  return changed(one, {
    node: each(one.node, (node) => mapNode(node, changes)),
    attributeProto: each(one.attributeProto, (attribute) => mapAttribute(attribute, changes)),
    valueInfo: each(one.valueInfo, (info) => mapInfo(info, changes)),
  });
}

function mapNode(node: Node, changes: ModelChanges): Node {
  const { node: change = same } = changes;
  return change(
    changed(node, { attribute: each(node.attribute, (attribute) => mapAttribute(attribute, changes)) }),
  );
}

function mapAttribute(attribute: Attribute, changes: ModelChanges): Attribute {
  const { tensor = same, type = same } = changes;
  const graph = (one: Graph): Graph => mapGraph(one, changes);
  return changed(attribute, {
    t: optional(attribute.t, tensor),
    tensors: each(attribute.tensors, tensor),
    sparseTensor: optional(attribute.sparseTensor, (sparse) => mapSparse(sparse, tensor)),
    sparseTensors: each(attribute.sparseTensors, (sparse) => mapSparse(sparse, tensor)),
    g: optional(attribute.g, graph),
    graphs: each(attribute.graphs, graph),
    tp: optional(attribute.tp, type),
    typeProtos: each(attribute.typeProtos, type),
  });
}

function mapSparse(
  sparse: SparseTensorProto,
  tensor: (tensor: TensorProtoValue) => TensorProtoValue,
): SparseTensorProto {
  return changed(sparse, {
    values: optional(sparse.values, tensor),
    indices: optional(sparse.indices, tensor),
  });
}

function mapInfo(info: ValueInfo, { type = same }: ModelChanges): ValueInfo {
  return changed(info, { type: optional(info.type, type) });
}

function same<T>(value: T): T {
  return value;
}

function optional<T>(value: T | undefined, change: (value: T) => T): T | undefined {
  return value === undefined ? undefined : change(value);
}

function each<T>(values: T[], change: (value: T) => T): T[] {
  const next = values.map(change);
  return next.every((value, i) => value === values[i]) ? values : next;
}

/** A copy only where a field is another one. */
function changed<T extends object>(message: T, fields: Partial<T>): T {
  const entries = Object.entries(fields).filter(([key, value]) => message[key as keyof T] !== value);
  return entries.length === 0 ? message : withFields(message, Object.fromEntries(entries) as Partial<T>);
}
