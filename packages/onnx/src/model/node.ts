import { create } from '@bufbuild/protobuf';
import { NodeProtoSchema } from 'onnx-buf';
import { type Attributes, createAttribute } from './attributes.ts';
import type { Node } from './model.ts';

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
