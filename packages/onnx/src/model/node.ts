import { create } from '@bufbuild/protobuf';
import { type Attributes, attributeOf, createAttribute } from './attributes.ts';
import { NodeProtoSchema } from './messages/onnx_pb.js';
import { isOperator, type Node, type TensorProtoValue } from './model.ts';

/** A node in the schema's form. */
export function createNode(
  name: string,
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Attributes = {},
  domain: string = '',
): Node {
  return create(NodeProtoSchema, {
    name,
    opType: operator,
    domain,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([key, value]) => createAttribute(key, value)),
  });
}

/** The tensor of a Constant node, where it holds one. */
export function constantValue(node: Node): TensorProtoValue | undefined {
  return isOperator(node, 'Constant') ? attributeOf(node, 'value')?.t : undefined;
}
