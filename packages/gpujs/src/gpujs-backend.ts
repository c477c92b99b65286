import {
  type Backend,
  BackendError,
  type OptionNames,
  reasonOf,
  requireHead,
  requireKnownOptions,
  UnknownNameError,
} from '@cf/core';
import { GPU } from 'gpu.js';
import { gpujsHead } from './gpujs-head.ts';
import { IdleKernels } from './kernels/idle-kernels.ts';
import { KernelSet } from './kernels/kernel-set.ts';

/** The modes of gpu.js that name one way to run kernels; those that choose for themselves are left out. */
export type GpujsMode = 'cpu' | 'webasm' | 'webgl' | 'webgl2' | 'headlessgl' | 'webgpu';

/** Names of {@link GpujsMode}. */
export const GPUJS_MODES: readonly GpujsMode[] = ['cpu', 'webasm', 'webgl', 'webgl2', 'headlessgl', 'webgpu'];

export interface GpujsOptions {
  /** How gpu.js runs the kernels. Default `cpu`. */
  readonly mode?: GpujsMode;
}

const OPTIONS: OptionNames<GpujsOptions> = { mode: true };

/**
 * The backend that runs a loss in kernels of gpu.js, generated from its formula. It never changes the mode by itself.
 *
 * @throws BackendError (`E_BACKEND`) if the mode is not available here, UnknownNameError
 */
export async function gpujsBackend(options: GpujsOptions = {}): Promise<Backend> {
  requireKnownOptions('gpujsBackend', options, OPTIONS);
  const { mode = 'cpu' } = options;
  if (!GPUJS_MODES.includes(mode)) throw new UnknownNameError('mode', mode, GPUJS_MODES);
  const gpu = await openGpu(mode);
  const sets = new Set<KernelSet>();
  const idle = new IdleKernels(mode);
  let disposed = false;
  return {
    name: `gpujs-${mode}`,
    precision: 'float32',
    sharded: true,
    createHead: async (loss, headOptions = {}) => {
      if (disposed)
        throw new BackendError('a disposed backend', 'a backend in use', 'open another with gpujsBackend().');
      requireHead(loss, headOptions);
      const set = new KernelSet(gpu, mode, idle);
      const head = gpujsHead(loss, set, headOptions);
      sets.add(set);
      return {
        ...head,
        dispose() {
          sets.delete(set);
          head.dispose();
        },
      };
    },
    dispose: async () => {
      if (disposed) return;
      disposed = true;
      for (const set of sets) set.dispose();
      sets.clear();
      idle.dispose();
      await gpu.destroy();
    },
  };
}

async function openGpu(mode: GpujsMode): Promise<GPU> {
  try {
    // gpu.js takes a WebGPU entry point for available; only an adapter proves that it is.
    if (mode === 'webgpu' && !(await GPU.isWebGPUAvailable())) throw new Error('no WebGPU adapter');
    return new GPU({ mode });
  } catch (cause) {
    throw new BackendError(
      `mode '${mode}' (${reasonOf(cause)})`,
      'a mode of gpu.js that is available here',
      "use mode 'cpu', or run where this mode exists.",
      cause,
    );
  }
}
