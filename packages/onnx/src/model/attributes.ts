import { create } from '@bufbuild/protobuf';
import { wholeNumber } from './integers.ts';
import { AttributeProtoSchema, AttributeProto_AttributeType as Kind } from './messages/onnx_pb.js';
import type { Attribute, Graph, Node } from './model.ts';
import { createTensor, type TensorData } from './tensor.ts';

/** An attribute's value under the name of its type, as `{ ints: [2, 2] }`. */
export type AttributeValue =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly string: string }
  | { readonly strings: readonly string[] }
  | { readonly tensor: TensorData }
  | { readonly graph: Graph };

/** Attributes by name. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** The schema's form of an attribute. */
export function createAttribute(name: string, value: AttributeValue): Attribute {
  const make = (fields: Partial<Omit<Attribute, '$typeName'>>): Attribute =>
    create(AttributeProtoSchema, { name, ...fields });
  const text = (s: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(s);
  if ('int' in value) return make({ type: Kind.INT, i: wholeNumber(value.int) });
  if ('ints' in value) return make({ type: Kind.INTS, ints: value.ints.map(wholeNumber) });
  if ('float' in value) return make({ type: Kind.FLOAT, f: value.float });
  if ('floats' in value) return make({ type: Kind.FLOATS, floats: [...value.floats] });
  if ('string' in value) return make({ type: Kind.STRING, s: text(value.string) });
  if ('strings' in value) return make({ type: Kind.STRINGS, strings: value.strings.map(text) });
  if ('tensor' in value) return make({ type: Kind.TENSOR, t: createTensor('', value.tensor) });
  return make({ type: Kind.GRAPH, g: value.graph });
}

/** The attribute of that name, if the node has it. */
export function attributeOf(node: Node, name: string): Attribute | undefined {
  return node.attribute.find((attribute) => attribute.name === name);
}

/** An integer attribute, or the operator's default. */
export function intAttribute(node: Node, name: string, otherwise: number): number {
  const attribute = attributeOf(node, name);
  return attribute === undefined ? otherwise : Number(attribute.i);
}

/** A list of integers, or `undefined`. */
export function intsAttribute(node: Node, name: string): number[] | undefined {
  return attributeOf(node, name)?.ints.map(Number);
}

/** A float attribute, or the operator's default. */
export function floatAttribute(node: Node, name: string, otherwise: number): number {
  return attributeOf(node, name)?.f ?? otherwise;
}

/** A text attribute, or the operator's default. */
export function stringAttribute(node: Node, name: string, otherwise: string): string {
  const attribute = attributeOf(node, name);
  return attribute === undefined ? otherwise : new TextDecoder().decode(attribute.s);
}
