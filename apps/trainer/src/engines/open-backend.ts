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
  /** What asks for the backend, as a user wrote it; `--head` with its name by default. */
  readonly askedBy?: string | undefined;
  /** Is told what multiplies, and why. */
  readonly say?: ((line: string) => void) | undefined;
}

/** Bytes of a tile's cosines on a card: few and large products. */
const TILE_ON_CARD = 16 * 2 ** 20;

const BACKENDS: Readonly<Record<string, (place: BackendPlace, askedBy: string) => Promise<Backend>>> = {
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
  // Loaded only when chosen: their frameworks are large, and optional.
  'tfjs-cpu': (_, askedBy) => openTfjs('cpu', askedBy),
  'tfjs-wasm': (_, askedBy) => openTfjs('wasm', askedBy),
  'tfjs-webgpu': (_, askedBy) => openTfjs('webgpu', askedBy),
  'tfjs-node': (_, askedBy) => openTfjs('node', askedBy),
  'gpujs-cpu': (_, askedBy) => openGpujs('cpu', askedBy),
  'gpujs-webasm': (_, askedBy) => openGpujs('webasm', askedBy),
  'gpujs-webgpu': (_, askedBy) => openGpujs('webgpu', askedBy),
  'gpujs-headlessgl': (_, askedBy) => openGpujs('headlessgl', askedBy),
};

/** Names that {@link openBackend} knows. */
export const BACKEND_NAMES: readonly string[] = Object.keys(BACKENDS);

/**
 * A backend by its name.
 *
 * @throws UnknownNameError; MissingPackageError where its package is not installed; the backend's own error where it can't run
 */
export async function openBackend(name: string, place: BackendPlace = {}): Promise<Backend> {
  if (!Object.hasOwn(BACKENDS, name)) throw new UnknownNameError('backend', name, BACKEND_NAMES);
  return BACKENDS[name]!(place, place.askedBy ?? `--head ${name}`);
}
