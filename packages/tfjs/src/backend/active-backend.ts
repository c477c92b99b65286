import * as tf from '@tensorflow/tfjs-core';
import { inFloat16, notInitialised, notRegistered } from './errors.ts';

/** The activation that was asked for last; it never rejects. */
let last: Promise<void> = Promise.resolve();

/**
 * Makes a backend the active one of TensorFlow.js, which has one for the whole process. One activation at a time: whoever
 * awaits this goes on before the next one starts, and has the backend until it awaits something else.
 *
 * @throws BackendError (`E_BACKEND`) if it is not registered, does not initialise, or does not compute in float32
 */
export function activateBackend(name: string): Promise<void> {
  const activated = last.then(() => activate(name));
  last = activated.catch(() => {});
  return activated;
}

/**
 * Whether operations run on this backend now. Its name alone does not tell: where `tf.setBackend` was not awaited, the
 * backend that was starting takes over under the name of the one that was set in between.
 */
export function isActive(name: string): boolean {
  if (tf.getBackend() !== name) return false;
  try {
    return tf.backend() === tf.findBackend(name);
  } catch {
    // One is starting.
    return false;
  }
}

async function activate(name: string): Promise<void> {
  const known = Object.keys(tf.engine().registryFactory);
  if (!known.includes(name)) throw notRegistered(name, known);
  await set(name);
  if (!isActive(name)) {
    // Somebody else's backend is starting: no operation runs until it has, and then it takes over.
    await tf.ready();
    await set(name);
  }
  if (tf.getBackend() === name && !isActive(name)) throw notInitialised(name);
  if (!computesInFloat32(name)) throw inFloat16(name);
}

async function set(name: string): Promise<void> {
  let initialised: boolean;
  try {
    initialised = await tf.setBackend(name);
  } catch (cause) {
    throw notInitialised(name, cause);
  }
  // TensorFlow.js reports most failures by `false` alone.
  if (!initialised) throw notInitialised(name);
}

/** The webgl backend (4.22) says float16 of itself where it renders to float32 textures, too. */
function computesInFloat32(name: string): boolean {
  if (name === 'webgl' && tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) return true;
  return tf.findBackend(name).floatPrecision() === 32;
}
