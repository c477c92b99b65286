import { type Backend, referenceBackend, UnknownNameError } from '@cf/core';
import { openGpujs, openTfjs } from './open-framework.ts';

const BACKENDS: Readonly<Record<string, (threads?: number) => Promise<Backend>>> = {
  onnx: async (threads) => {
    const [{ onnxBackend }, runtime] = await Promise.all([import('@cf/onnx'), import('onnxruntime-node')]);
    return onnxBackend({ runtime, ...(threads === undefined ? {} : { threads }) });
  },
  reference: async () => referenceBackend(),
  // Loaded only when chosen: their frameworks are large.
  'tfjs-cpu': () => openTfjs('cpu'),
  'tfjs-wasm': () => openTfjs('wasm'),
  'tfjs-webgpu': () => openTfjs('webgpu'),
  'tfjs-node': () => openTfjs('node'),
  'gpujs-cpu': () => openGpujs('cpu'),
  'gpujs-webasm': () => openGpujs('webasm'),
  'gpujs-webgpu': () => openGpujs('webgpu'),
  'gpujs-headlessgl': () => openGpujs('headlessgl'),
};

/** Names that {@link openBackend} knows. */
export const BACKEND_NAMES: readonly string[] = Object.keys(BACKENDS);

/**
 * A backend by its name.
 *
 * @param threads of one operator, where the backend has them; its own choice by default
 * @throws UnknownNameError; the backend's own error where it can't run
 */
export async function openBackend(name: string, threads?: number): Promise<Backend> {
  if (!Object.hasOwn(BACKENDS, name)) throw new UnknownNameError('backend', name, BACKEND_NAMES);
  return BACKENDS[name]!(threads);
}
