import { type Backend, referenceBackend, UnknownNameError } from '@cf/core';
import { chooseProducts } from './choose-products.ts';
import type { Device } from './device.ts';
import type { KernelChoice } from './kernel-choice.ts';
import { openGpujs, openTfjs } from './open-framework.ts';

/** Where a backend runs, if it has a choice. */
export interface BackendPlace {
  /** Of one operator; the backend's own choice by default. */
  readonly threads?: number | undefined;
  /** Of `onnx`; the processor by default. */
  readonly device?: Device | undefined;
  /** What multiplies on the processor, of `onnx`; the graphs of onnxruntime by default. */
  readonly kernels?: KernelChoice | undefined;
  /** Is told what multiplies, and why. */
  readonly say?: ((line: string) => void) | undefined;
}

/** Bytes of a tile's cosines on a card: few and large products. */
const TILE_ON_CARD = 16 * 2 ** 20;

const BACKENDS: Readonly<Record<string, (place: BackendPlace) => Promise<Backend>>> = {
  onnx: async ({ threads, device = 'cpu', kernels = 'onnxruntime', say }) => {
    const { part: products, told } = await chooseProducts({ choice: kernels, device, threads });
    if (kernels !== 'onnxruntime' && device === 'cpu') say?.(told);
    const [{ onnxBackend }, runtime] = await Promise.all([import('@cf/onnx'), import('onnxruntime-node')]);
    return onnxBackend({
      runtime,
      provider: device,
      ...(products === undefined ? {} : { products }),
      ...(threads === undefined ? {} : { threads }),
      ...(device === 'cpu' ? {} : { cacheBytes: TILE_ON_CARD }),
    });
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
 * @throws UnknownNameError; the backend's own error where it can't run
 */
export async function openBackend(name: string, place: BackendPlace = {}): Promise<Backend> {
  if (!Object.hasOwn(BACKENDS, name)) throw new UnknownNameError('backend', name, BACKEND_NAMES);
  return BACKENDS[name]!(place);
}
