import { type Backend, type OptionNames, requireHead, requireKnownOptions } from '@cf/core';
import { activateBackend } from './active-backend.ts';
import { tfjsHead } from './tfjs-head.ts';

export interface TfjsBackendOptions {
  /**
   * Name of a TensorFlow.js backend, `cpu` by default. Importing its package registers it: `@tensorflow/tfjs-backend-cpu`,
   * `-wasm`, `-webgl` or `-webgpu`; cpu and webgl come with `@tensorflow/tfjs` too. There is no fallback: what is named
   * here is what computes.
   */
  readonly backend?: 'cpu' | (string & {});
}

const OPTIONS: OptionNames<TfjsBackendOptions> = { backend: true };

/**
 * A {@link Backend} on TensorFlow.js, float32, with analytic gradients. Its name is `tfjs-` and the name of the
 * TensorFlow.js backend, such as `tfjs-cpu`.
 *
 * TensorFlow.js has one active backend a process: this makes the named one active, and so does each step of its heads
 * where something else has changed it in between.
 *
 * @throws BackendError (`E_BACKEND`) if the backend is not registered, does not initialise, or does not compute in float32;
 * UnknownNameError for an unknown option
 */
export async function tfjsBackend(options: TfjsBackendOptions = {}): Promise<Backend> {
  requireKnownOptions('tfjsBackend', options, OPTIONS);
  const { backend = 'cpu' } = options;
  await activateBackend(backend);
  return {
    name: `tfjs-${backend}`,
    precision: 'float32',
    createHead: async (loss, headOptions = {}) => {
      requireHead(loss, headOptions);
      return tfjsHead(loss, backend, headOptions);
    },
    dispose: async () => {},
  };
}
