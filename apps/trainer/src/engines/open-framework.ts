import { type Backend, BackendError } from '@cf/core';
import type { GpujsMode } from '@cf/gpujs';

/** A backend of TensorFlow.js. */
export type TfjsName = 'cpu' | 'wasm' | 'webgpu' | 'node';

/**
 * The head on a backend of TensorFlow.js, whose package is loaded first.
 *
 * @throws BackendError where the package is not installed or the backend does not run here
 */
export async function openTfjs(backend: TfjsName): Promise<Backend> {
  const { tfjsBackend } = await import('@cf/tfjs');
  if (backend === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  if (backend === 'webgpu') {
    await provideWebGpu();
    await optional('@tensorflow/tfjs-backend-webgpu');
  }
  if (backend === 'node') await optional('@tensorflow/tfjs-node');
  // What tfjs-node calls itself.
  return tfjsBackend({ backend: backend === 'node' ? 'tensorflow' : backend });
}

/** The head on a mode of gpu.js. @throws BackendError where the mode does not run here */
export async function openGpujs(mode: GpujsMode): Promise<Backend> {
  const { gpujsBackend } = await import('@cf/gpujs');
  if (mode === 'webgpu') await provideWebGpu();
  return gpujsBackend({ mode });
}

/** Node has no WebGPU of its own; the package `webgpu` brings one. */
async function provideWebGpu(): Promise<void> {
  const navigator = globalThis.navigator as { readonly gpu?: unknown };
  if (navigator.gpu !== undefined) return;
  const { create, globals } = (await optional('webgpu')) as {
    readonly create: (options: readonly string[]) => unknown;
    readonly globals: Readonly<Record<string, unknown>>;
  };
  Object.assign(globalThis, globals);
  Object.defineProperty(navigator, 'gpu', { value: create([]), configurable: true });
}

async function optional(name: string): Promise<unknown> {
  try {
    return await import(name);
  } catch (cause) {
    throw new BackendError(
      `the package '${name}', which does not load`,
      'a package that is installed beside this one',
      `run npm install ${name}, or choose another backend.`,
      cause,
    );
  }
}
