import * as tf from '@tensorflow/tfjs';
import { BackendUnavailableError } from './errors.ts';

/**
 * Makes a backend the active one of TensorFlow.js, which has one for the whole process.
 *
 * @throws BackendUnavailableError if it is not registered, does not initialise, or does not compute in float32
 */
export async function activateBackend(name: string): Promise<void> {
  const known = tf.engine().registryFactory;
  if (!Object.hasOwn(known, name)) {
    throw new BackendUnavailableError(name, 'not registered', `one of ${Object.keys(known).join(', ')}`);
  }
  let initialised: boolean;
  try {
    initialised = await tf.setBackend(name);
  } catch (cause) {
    throw new BackendUnavailableError(name, 'failed to initialise', 'one that initialises here', cause);
  }
  // TensorFlow.js reports most failures by `false` alone.
  if (!initialised || tf.getBackend() !== name) {
    throw new BackendUnavailableError(name, 'failed to initialise', 'one that initialises here');
  }
  if (tf.backend().floatPrecision() !== 32) {
    throw new BackendUnavailableError(name, 'computes in float16 on this device', 'float32');
  }
}
