import * as tf from '@tensorflow/tfjs-core';

/** Views of tensors' numbers, valid until the backend makes another tensor: that may move its memory. */
export type HostView = <Values extends Float32Array | Int32Array | Uint8Array = Float32Array>(
  tensor: tf.Tensor,
) => Values;

/**
 * The memory of the wasm backend, which is in reach of the host: some work is done many times faster there than by its
 * kernels. Undefined for other backends.
 */
export function hostView(): HostView | undefined {
  const backend = tf.backend() as { typedArrayFromHeap?: (tensor: tf.Tensor) => unknown };
  if (tf.getBackend() !== 'wasm' || backend.typedArrayFromHeap === undefined) return undefined;
  return <Values>(tensor: tf.Tensor) => backend.typedArrayFromHeap!(tensor) as Values;
}
