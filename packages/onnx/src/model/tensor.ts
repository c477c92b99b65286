import { create } from '@bufbuild/protobuf';
import { OnnxFileError, OnnxGraphError } from '../errors.ts';
import { sizeOf } from './dims.ts';
import { ELEMENTS, type ElementArrays, type ElementType, elementTypeOf } from './element-type.ts';
import { TensorProto_DataLocation, TensorProtoSchema } from './messages/onnx_pb.js';
import type { TensorProtoValue } from './model.ts';

/** Numbers of a tensor, row-major, with its shape. */
export type TensorData = {
  [T in ElementType]: { readonly type: T; readonly dims: readonly number[]; readonly data: ElementArrays[T] };
}[ElementType];

/**
 * A constant for a graph.
 *
 * @throws OnnxGraphError if the number of elements does not fit the shape
 */
export function createTensor(name: string, tensor: TensorData): TensorProtoValue {
  const { type, dims, data } = tensor;
  const count = sizeOf(dims);
  if (data.length !== count) {
    throw new OnnxGraphError(
      `tensor '${name}' with ${data.length} elements`,
      `${count} for shape [${dims.join(', ')}]`,
      'pass row-major data that fills the shape.',
    );
  }
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: ELEMENTS[type].code,
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice(),
  });
}

/**
 * The numbers of a constant, however the file stores them.
 *
 * @throws OnnxFileError if they are in another file, of a type that is not read here, or too few or too many
 */
export function readTensor(tensor: TensorProtoValue): TensorData {
  const type = elementTypeOf(tensor.dataType);
  const dims = tensor.dims.map(Number);
  if (type === undefined)
    throw broken(tensor, `element type ${tensor.dataType}`, 'a numeric or boolean type');
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    throw new OnnxFileError(
      `tensor '${tensor.name}' with data in another file`,
      'data inside the model',
      'read it with readModelFile of @cf/onnx/node, or hand its files to withExternalData.',
    );
  }
  const count = sizeOf(dims);
  const data = tensor.rawData.length > 0 ? fromRaw(type, tensor) : fromFields(type, tensor);
  if (data?.length !== count) {
    throw broken(
      tensor,
      `${data?.length ?? 'a fraction'} elements`,
      `${count} for shape [${dims.join(', ')}]`,
    );
  }
  return { type, dims, data } as TensorData;
}

function fromRaw(type: ElementType, tensor: TensorProtoValue): ElementArrays[ElementType] | undefined {
  const { bytes, create: view } = ELEMENTS[type];
  if (tensor.rawData.length % bytes !== 0) return undefined;
  return view(new Uint8Array(tensor.rawData).buffer);
}

function fromFields(type: ElementType, tensor: TensorProtoValue): ElementArrays[ElementType] {
  switch (type) {
    case 'float32':
      return Float32Array.from(tensor.floatData);
    case 'float64':
      return Float64Array.from(tensor.doubleData);
    case 'int64':
      return BigInt64Array.from(tensor.int64Data);
    case 'uint64':
      return BigUint64Array.from(tensor.uint64Data);
    case 'uint32':
      return Uint32Array.from(tensor.uint64Data, Number);
    default: {
      const data = ELEMENTS[type].create(new ArrayBuffer(ELEMENTS[type].bytes * tensor.int32Data.length));
      (data as Int32Array).set(tensor.int32Data);
      return data;
    }
  }
}

function broken(tensor: TensorProtoValue, given: string, expected: string): OnnxFileError {
  return new OnnxFileError(
    `tensor '${tensor.name}' with ${given}`,
    expected,
    'export the model again, with its weights inside.',
  );
}
