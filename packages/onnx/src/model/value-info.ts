import { create } from '@bufbuild/protobuf';
import { ELEMENTS, type ElementType, elementTypeOf } from './element-type.ts';
import { ValueInfoProtoSchema } from './messages/onnx_pb.js';
import type { Dimension, Shape, ValueInfo } from './model.ts';

/** Declares a value: its element type and, where known, its shape. */
export function createValueInfo(name: string, type: ElementType, shape?: Shape): ValueInfo {
  const tensorType = {
    elemType: ELEMENTS[type].code,
    ...(shape && { shape: { dim: shape.map(dimension) } }),
  };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value: tensorType } } });
}

function dimension(dim: Dimension): {
  value?: { case: 'dimValue'; value: bigint } | { case: 'dimParam'; value: string };
} {
  if (dim === undefined) return {};
  return typeof dim === 'number'
    ? { value: { case: 'dimValue', value: BigInt(dim) } }
    : { value: { case: 'dimParam', value: dim } };
}

/** The declared shape, `undefined` if the rank is not declared. */
export function declaredShape(info: ValueInfo): Shape | undefined {
  const type = info.type?.value;
  if (type?.case !== 'tensorType') return undefined;
  return type.value.shape?.dim.map(({ value }) => {
    if (value.case === 'dimValue') return Number(value.value);
    return value.case === 'dimParam' && value.value !== '' ? value.value : undefined;
  });
}

/** The declared element type, if it is one of a tensor that is read here. */
export function declaredType(info: ValueInfo): ElementType | undefined {
  const type = info.type?.value;
  return type?.case === 'tensorType' ? elementTypeOf(type.value.elemType) : undefined;
}
