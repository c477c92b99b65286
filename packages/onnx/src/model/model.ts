import { OnnxGraphError, UnsupportedOperatorError } from '../errors.ts';
import type {
  AttributeProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
  ValueInfoProto,
} from './messages/onnx_pb.js';

/**
 * An ONNX model in memory: the plain objects of the official schema, one field for one field of the file. What
 * this package does not understand (operators, functions, metadata, fields of later versions) stays in it and
 * is written back. Models are values: nothing here changes one that it was given.
 */
export type Model = ModelProto;
/** The main graph of a model, or a subgraph in an attribute. */
export type Graph = GraphProto;
/** One application of an operator. */
export type Node = NodeProto;
/** An attribute of a node. */
export type Attribute = AttributeProto;
/** A constant in the file's own encoding; `readTensor` gives its numbers. */
export type TensorProtoValue = TensorProto;
/** Name, element type and shape of a graph's input or output. */
export type ValueInfo = ValueInfoProto;

/** A dimension: a size, a symbol that stands for a size (equal symbols, equal sizes), or nothing known. */
export type Dimension = number | string | undefined;
/** Dimensions of a tensor of known rank. */
export type Shape = readonly Dimension[];

/**
 * The main graph.
 *
 * @throws OnnxGraphError if the model has none
 */
export function graphOf(model: Model): Graph {
  if (model.graph !== undefined) return model.graph;
  throw new OnnxGraphError('a model without a graph', 'one main graph', 'build it with GraphBuilder.');
}

/** Inputs of a graph. Files of old versions list initializers among them too: those are constants here all the same. */
export function inputsOf(graph: Graph): ValueInfo[] {
  const constants = new Set(graph.initializer.map(({ name }) => name));
  return graph.input.filter(({ name }) => !constants.has(name));
}

/** The graphs in a node's attributes, as those of If and Loop. */
export function subgraphsOf(node: Node): Graph[] {
  return node.attribute.flatMap(({ g, graphs }) => [...(g === undefined ? [] : [g]), ...graphs]);
}

/** What to call a node in a message: its name, or its first output. */
export function nodeName(node: Node): string {
  return node.name !== '' ? node.name : (node.output.find((output) => output !== '') ?? '?');
}

/** The error of a node that is not supported as it is used. */
export function unsupported(node: Node, expected: string, fix: string): UnsupportedOperatorError {
  const operator = isStandardDomain(node.domain) ? node.opType : `${node.domain}.${node.opType}`;
  return new UnsupportedOperatorError([{ node: nodeName(node), operator, expected, fix }]);
}

/** Whether a node is of that standard operator. */
export function isOperator({ opType, domain }: Node, operator: string): boolean {
  return opType === operator && isStandardDomain(domain);
}

/** A standard operator is in the domain '' (also written `ai.onnx`). */
export function isStandardDomain(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}
