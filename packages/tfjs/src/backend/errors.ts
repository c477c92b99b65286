import { BackendError } from '@cf/core';

/** What to import for a backend, by its name. */
const PACKAGES: Readonly<Record<string, string>> = {
  cpu: '@tensorflow/tfjs-backend-cpu',
  node: "@tensorflow/tfjs-node, and ask for 'tensorflow', as it calls itself",
  tensorflow: '@tensorflow/tfjs-node',
  wasm: '@tensorflow/tfjs-backend-wasm',
  webgl: '@tensorflow/tfjs-backend-webgl',
  webgpu: '@tensorflow/tfjs-backend-webgpu',
};

/** A backend that TensorFlow.js does not know, with the names that it knows. */
export function notRegistered(name: string, known: readonly string[]): BackendError {
  const wanted = Object.hasOwn(PACKAGES, name)
    ? PACKAGES[name]
    : 'the package that registers it, or ask for one that is';
  const expected = known.length > 0 ? `one of ${known.join(', ')}` : 'one that is registered; none is';
  return unavailable(name, 'not registered', expected, `import ${wanted}.`);
}

/** A backend that is known and does not start here. */
export function notInitialised(name: string, cause?: unknown): BackendError {
  const needed =
    name === 'wasm'
      ? 'let setWasmPaths point to where the .wasm files are served'
      : 'run it where its device and driver are';
  return unavailable(
    name,
    'failed to initialise',
    'one that initialises here',
    `${needed}; TensorFlow.js has logged what went wrong.`,
    cause,
  );
}

/** A backend whose arithmetic is too coarse for these losses. */
export function inFloat16(name: string): BackendError {
  return unavailable(
    name,
    'computes in float16 on this device',
    'float32',
    "use a device that computes in float32, or ask for 'wasm' or 'cpu'.",
  );
}

/** A backend that is asked to take kernels which exist for wasm alone. */
export function withoutTrainingKernels(name: string): BackendError {
  return unavailable(
    name,
    'needs no training kernels',
    "'wasm'",
    `leave the call out: '${name}' has kernels of its own for training.`,
  );
}

/** A head that is asked to share its classes with others. */
export function withoutShards(name: string, option: 'communicator' | 'firstClass' | 'sampled'): BackendError {
  return new BackendError(
    `a ${option} for a head of 'tfjs-${name}'`,
    `no ${option}: its heads hold all classes`,
    `leave the ${option} out, or take a backend that is sharded, such as the reference.`,
  );
}

/** There is no fallback to another backend. */
function unavailable(
  name: string,
  reason: string,
  expected: string,
  fix: string,
  cause?: unknown,
): BackendError {
  return new BackendError(`TensorFlow.js backend '${name}' (${reason})`, expected, fix, cause);
}
