import type { GPU } from 'gpu.js';
import { constantsOf, type KernelSource, type Sizes } from './kernel-source.ts';

/** A kernel of gpu.js under its async contract, as used here. */
export interface RawKernel {
  (...args: readonly unknown[]): Promise<unknown>;
  readonly fallbackReason?: string | null;
  /** The kernel underneath. */
  readonly kernel?: { readonly fallbackReason?: string | null };
  /** Frees the kernel and takes it off gpu.js's own list. */
  destroy(): void;
}

/** gpu.js ends a loop that it can't bound itself after 1000 rounds, unless told otherwise. */
const LONGEST_LOOP = 2 ** 30;

/** Compiles a kernel for given sizes. With `pipeline` its results stay on the device. */
export function openKernel(
  gpu: GPU,
  source: KernelSource,
  sizes: Sizes,
  options: { readonly pipeline: boolean },
): RawKernel {
  const constants = constantsOf(sizes);
  const kernel = gpu.createKernel(source.text, {
    output: [...source.output(sizes)],
    constants,
    constantTypes: Object.fromEntries(Object.keys(constants).map((name) => [name, 'Integer'])),
    loopMaxIterations: LONGEST_LOOP,
    precision: 'single',
    asyncMode: true,
    pipeline: options.pipeline,
    // Results stay valid when the kernel runs again.
    immutable: true,
  } as Parameters<GPU['createKernel']>[1]) as unknown as RawKernel;
  const destroy = kernel.destroy.bind(kernel);
  kernel.destroy = () => {
    destroy();
    forget(gpu, kernel);
  };
  return kernel;
}

/** Some modes leave a destroyed kernel in gpu.js's own list, which would grow with every head. */
function forget(gpu: GPU, kernel: RawKernel): void {
  const { kernels } = gpu as unknown as { readonly kernels?: unknown[] };
  const at = kernels?.findIndex((held) => held === kernel || held === kernel.kernel) ?? -1;
  if (at >= 0) kernels!.splice(at, 1);
}
