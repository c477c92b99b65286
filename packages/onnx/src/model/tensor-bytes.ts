import { ELEMENTS, elementTypeOf } from './element-type.ts';
import { tensorsOf } from './map-model.ts';
import { TensorProto_DataType as Code } from './messages/onnx_pb.js';
import type { Model, TensorProtoValue } from './model.ts';
import { readTensor } from './tensor.ts';

/** Largest number of bytes of one file: protobuf counts them in 31 bits. */
export const LARGEST_FILE: number = 2 ** 31 - 1;
/** Most bytes of tensors in one file: room for what is no tensor is left. */
export const MOST_INSIDE: number = LARGEST_FILE - 2 ** 26;
/** Bytes from which on a tensor is worth a place beside the model, as in ONNX's own tool. */
export const WORTH_A_PLACE = 1024;

/** Bits of one element of the types that are not read here. */
const OTHER_BITS: Readonly<Record<number, number>> = {
  [Code.COMPLEX64]: 64,
  [Code.COMPLEX128]: 128,
  [Code.FLOAT8E4M3FN]: 8,
  [Code.FLOAT8E4M3FNUZ]: 8,
  [Code.FLOAT8E5M2]: 8,
  [Code.FLOAT8E5M2FNUZ]: 8,
  [Code.FLOAT8E8M0]: 8,
  [Code.UINT4]: 4,
  [Code.INT4]: 4,
  [Code.FLOAT4E2M1]: 4,
  [Code.UINT2]: 2,
  [Code.INT2]: 2,
};

/** Bytes that a tensor's elements take; undefined for texts, types that are not known, and shapes that are none. */
export function byteLengthOf({ dataType, dims }: TensorProtoValue): bigint | undefined {
  const type = elementTypeOf(dataType);
  const bits = type === undefined ? OTHER_BITS[dataType] : 8 * ELEMENTS[type].bytes;
  if (bits === undefined || dims.some((dim) => dim < 0n)) return undefined;
  return (dims.reduce((product, dim) => product * dim, 1n) * BigInt(bits) + 7n) / 8n;
}

/** A tensor's elements as `raw_data` has them; undefined where they have no such form here. */
export function rawBytesOf(tensor: TensorProtoValue): Uint8Array<ArrayBuffer> | undefined {
  const bytes = byteLengthOf(tensor);
  if (bytes === undefined) return undefined;
  if (tensor.rawData.length > 0) return BigInt(tensor.rawData.length) === bytes ? tensor.rawData : undefined;
  if (bytes === 0n) return new Uint8Array();
  if (elementTypeOf(tensor.dataType) === undefined) return undefined;
  const { data } = readTensor(tensor);
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

/** Bytes of all tensors that a model holds inside. */
export function bytesInside(model: Model): number {
  return tensorsOf(model).reduce((sum, tensor) => sum + storedBytes(tensor), 0);
}

/** About what a tensor takes in a file. */
function storedBytes({ rawData, floatData, doubleData, int32Data, int64Data }: TensorProtoValue): number {
  return rawData.length + 4 * floatData.length + 8 * doubleData.length + int32Data.length + int64Data.length;
}
