import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';

/** What kernels that work in memory need of TensorFlow.js' wasm backend. */
export interface HeapBackend {
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  /** A view; the next allocation may end it. */
  typedArrayFromHeap(info: TensorInfo): Float32Array | Int32Array | Uint8Array;
  /** One more tensor lives on the same numbers. */
  incRef(dataId: object): void;
}
