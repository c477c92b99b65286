export { GraphBuilder, type GraphBuilderOptions, type NodeOptions } from './builder/graph-builder.ts';
export { OnnxFileError, OnnxGraphError, OnnxOpsetError, UnsupportedOperatorError } from './errors.ts';
export { type GradientModel, type GradientOptions, gradient } from './gradient/gradient.ts';
export { supportedOperators } from './gradient/rule-table.ts';
export {
  type Attributes,
  type AttributeValue,
  attributeOf,
  floatAttribute,
  intAttribute,
  intsAttribute,
  stringAttribute,
} from './model/attributes.ts';
export { decodeModel, encodeModel } from './model/codec.ts';
export type { ElementArrays, ElementType } from './model/element-type.ts';
export type {
  Attribute,
  Dimension,
  Graph,
  Model,
  Node,
  Shape,
  TensorProtoValue,
  ValueInfo,
} from './model/model.ts';
export { DEFAULT_OPSET, NEWEST_OPSET, OLDEST_OPSET, opsetOf } from './model/opset.ts';
export { createTensor, readTensor, type TensorData } from './model/tensor.ts';
export { upgradeModel } from './upgrade/upgrade-model.ts';
