import { TensorProto_DataType as Code } from './messages/onnx_pb.js';

/** Element types whose numbers can be read and written here, with the array that holds them. */
export interface ElementArrays {
  float32: Float32Array;
  float64: Float64Array;
  /** Bit patterns of IEEE half precision. */
  float16: Uint16Array;
  /** Bit patterns: the upper halves of float32. */
  bfloat16: Uint16Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  /** One byte an element, 0 or 1. */
  bool: Uint8Array;
}

/** Name of an element type. */
export type ElementType = keyof ElementArrays;

interface ElementInfo<T extends ElementType> {
  readonly code: number;
  readonly create: (buffer: ArrayBuffer) => ElementArrays[T];
  readonly bytes: number;
}

/** Code in the file, view over bytes, and bytes of one element. */
export const ELEMENTS: { readonly [T in ElementType]: ElementInfo<T> } = {
  float32: { code: Code.FLOAT, create: (b) => new Float32Array(b), bytes: 4 },
  float64: { code: Code.DOUBLE, create: (b) => new Float64Array(b), bytes: 8 },
  float16: { code: Code.FLOAT16, create: (b) => new Uint16Array(b), bytes: 2 },
  bfloat16: { code: Code.BFLOAT16, create: (b) => new Uint16Array(b), bytes: 2 },
  int8: { code: Code.INT8, create: (b) => new Int8Array(b), bytes: 1 },
  int16: { code: Code.INT16, create: (b) => new Int16Array(b), bytes: 2 },
  int32: { code: Code.INT32, create: (b) => new Int32Array(b), bytes: 4 },
  int64: { code: Code.INT64, create: (b) => new BigInt64Array(b), bytes: 8 },
  uint8: { code: Code.UINT8, create: (b) => new Uint8Array(b), bytes: 1 },
  uint16: { code: Code.UINT16, create: (b) => new Uint16Array(b), bytes: 2 },
  uint32: { code: Code.UINT32, create: (b) => new Uint32Array(b), bytes: 4 },
  uint64: { code: Code.UINT64, create: (b) => new BigUint64Array(b), bytes: 8 },
  bool: { code: Code.BOOL, create: (b) => new Uint8Array(b), bytes: 1 },
};

/** The element type of a code in a file, if it is one of these. */
export function elementTypeOf(code: number): ElementType | undefined {
  return (Object.keys(ELEMENTS) as ElementType[]).find((type) => ELEMENTS[type].code === code);
}

/** Types through which a gradient can flow. */
export function isFloat(type: ElementType | undefined): boolean {
  return type === 'float32' || type === 'float64' || type === 'float16';
}

/** Types whose numbers are kept as bit patterns. */
export function isHalf(type: ElementType | undefined): boolean {
  return type === 'float16' || type === 'bfloat16';
}
