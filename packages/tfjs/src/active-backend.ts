import * as tf from '@tensorflow/tfjs';
import { unavailable } from './errors.ts';

/**
 * Makes a backend the active one of TensorFlow.js, which has one for the whole process.
 *
 * @throws BackendError (`E_BACKEND`) if it is not registered, does not initialise, or does not compute in float32
 */
export async function activateBackend(name: string): Promise<void> {
  const known = tf.engine().registryFactory;
  if (!Object.hasOwn(known, name)) {
    throw unavailable(name, 'not registered', `one of ${Object.keys(known).join(', ')}`);
  }
  let initialised: boolean;
  try {
    initialised = await tf.setBackend(name);
  } catch (cause) {
    throw unavailable(name, 'failed to initialise', 'one that initialises here', cause);
  }
  // TensorFlow.js reports most failures by `false` alone.
  if (!initialised || tf.getBackend() !== name) {
    throw unavailable(name, 'failed to initialise', 'one that initialises here');
  }
  if (!computesInFloat32(name)) {
    throw unavailable(name, 'computes in float16 on this device', 'float32');
  }
}

/** The webgl backend (4.22) says float16 of itself where it renders to float32 textures, too. */
function computesInFloat32(name: string): boolean {
  if (name === 'webgl' && tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) return true;
  return tf.backend().floatPrecision() === 32;
}
