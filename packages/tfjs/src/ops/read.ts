import * as tf from '@tensorflow/tfjs-core';

/** Brings a float32 tensor to the host. */
export async function readFloats(tensor: tf.Tensor): Promise<Float32Array> {
  return (await tensor.data()) as Float32Array;
}

/** Brings named scalars to the host, in one read. */
export async function readScalars<Name extends string>(
  scalars: Readonly<Record<Name, tf.Tensor>>,
): Promise<Record<Name, number>> {
  const names = Object.keys(scalars) as Name[];
  if (names.length === 0) return {} as Record<Name, number>;
  const together = tf.tidy(() => tf.stack(names.map((name) => tf.reshape(scalars[name], []))));
  try {
    const values = await readFloats(together);
    return Object.fromEntries(names.map((name, i) => [name, values[i]!])) as Record<Name, number>;
  } finally {
    together.dispose();
  }
}
