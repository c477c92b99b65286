import type { Backend } from '@cf/core';
import type { GpujsMode } from '@cf/gpujs';
import { loadPackage, type OptionalPackage, requirePackages } from '../optional/optional-packages.ts';

/** A backend of TensorFlow.js. */
export type TfjsName = 'cpu' | 'wasm' | 'webgpu' | 'node';

/** The framework itself; layers are for networks, and are asked for in one go with the rest. */
const FRAMEWORK: readonly OptionalPackage[] = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers'];

/** What each needs beside it. */
const OF_BACKEND: Readonly<Record<TfjsName, readonly OptionalPackage[]>> = {
  cpu: ['@tensorflow/tfjs-backend-cpu'],
  wasm: ['@tensorflow/tfjs-backend-wasm'],
  webgpu: ['@tensorflow/tfjs-backend-webgpu'],
  node: ['@tensorflow/tfjs-node'],
};

/**
 * The packages of a backend of TensorFlow.js, to be there before a module is loaded that imports them.
 *
 * @param backend undefined for TensorFlow.js alone
 * @param askedBy what needs them, as a user wrote it
 * @throws MissingPackageError
 */
export function requireTfjs(backend: TfjsName | undefined, askedBy: string): void {
  const ofBackend = backend === undefined ? [] : OF_BACKEND[backend];
  const card = backend === 'webgpu' ? ofWebGpu() : [];
  requirePackages(askedBy, [...FRAMEWORK, ...ofBackend, ...card]);
}

/**
 * The head on a backend of TensorFlow.js, whose package is loaded first.
 *
 * @param askedBy what needs it, as a user wrote it
 * @throws MissingPackageError; BackendError where the backend does not run here
 */
export async function openTfjs(backend: TfjsName, askedBy: string): Promise<Backend> {
  requireTfjs(backend, askedBy);
  const { tfjsBackend } = await import('@cf/tfjs');
  if (backend === 'webgpu') await provideWebGpu(askedBy);
  for (const name of OF_BACKEND[backend]) await loadPackage(askedBy, name);
  // What tfjs-node calls itself.
  return tfjsBackend({ backend: backend === 'node' ? 'tensorflow' : backend });
}

/**
 * The head on a mode of gpu.js.
 *
 * @param askedBy what needs it, as a user wrote it
 * @throws MissingPackageError; BackendError where the mode does not run here
 */
export async function openGpujs(mode: GpujsMode, askedBy: string): Promise<Backend> {
  requirePackages(askedBy, ['gpu.js', ...(mode === 'webgpu' ? ofWebGpu() : [])]);
  const { gpujsBackend } = await import('@cf/gpujs');
  if (mode === 'webgpu') await provideWebGpu(askedBy);
  return gpujsBackend({ mode });
}

const navigatorHere = (): { readonly gpu?: unknown } => globalThis.navigator as { readonly gpu?: unknown };

/** Node has no WebGPU of its own; a package brings one. */
function ofWebGpu(): readonly OptionalPackage[] {
  return navigatorHere().gpu === undefined ? ['webgpu'] : [];
}

async function provideWebGpu(askedBy: string): Promise<void> {
  for (const name of ofWebGpu()) {
    const { create, globals } = (await loadPackage(askedBy, name)) as {
      readonly create: (options: readonly string[]) => unknown;
      readonly globals: Readonly<Record<string, unknown>>;
    };
    Object.assign(globalThis, globals);
    Object.defineProperty(navigatorHere(), 'gpu', { value: create([]), configurable: true });
  }
}
