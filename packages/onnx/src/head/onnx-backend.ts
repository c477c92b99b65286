import {
  type Backend,
  BackendError,
  type MarginLoss,
  type OptionNames,
  requireChoice,
  requireHead,
  requireKnownOptions,
  requireNonNegative,
  requirePositive,
} from '@cf/core';
import { absentProvider } from '../runtime/absent-provider.ts';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import {
  onProcessor,
  probeModel,
  type SessionOpener,
  sessionOpener,
  sessionOptions,
} from '../runtime/sessions.ts';
import { hasFusedMultiplyAdd } from '../simd/fused-multiply-add.ts';
import { LinearMemory } from '../simd/linear-memory.ts';
import { lossesOf, onnxHead } from './onnx-head.ts';
import { takesSharedMemory } from './shared-memory.ts';
import { openSimdKernel, type SimdKernel } from './simd-kernel.ts';
import type { TileProgram } from './sweep-threads.ts';
import type { OnPart } from './tile-pass.ts';
import type { HeadProducts } from './tile-products.ts';

export interface OnnxBackendOptions {
  /** `onnxruntime-node`, `onnxruntime-web`, or whatever module has their interface. */
  readonly runtime: OnnxRuntime;
  /** Execution provider. There is no fallback: what is named here is what computes. Default `cpu`. */
  readonly provider?: 'cpu' | 'wasm' | 'webgpu' | 'cuda' | (string & {});
  /** Threads of the CPU. Default: all that the machine reports. */
  readonly threads?: number;
  /** Memory that a tile's cosines should fit into, in bytes, and its class centers twice. Default 2 MiB. */
  readonly cacheBytes?: number;
  /**
   * Memory for what pass 1 keeps for pass 2, in bytes, near the processor. The rest waits in the memory of ∂W where the
   * batch is not larger than d, and is computed twice otherwise. Default 4 MiB; where a `gradientTaker` leaves no ∂W to wait
   * in, 16 MiB.
   */
  readonly keepBytes?: number;
  /**
   * Tiles of classes are left out of pass 2 while, for every sample, the probability left out × the largest slope stays
   * under this. Default 2⁻²⁴, the rounding of float32; 0 leaves nothing out.
   */
  readonly skipBound?: number;
  /**
   * Where the element-wise work is done: `graph`, in operators of the runtime, or `wasm`, in a kernel of
   * WebAssembly written from the loss's formula, which is faster on a processor. Default: `wasm` on the providers `cpu`
   * and `wasm` where the runtime writes into given arrays, otherwise `graph`.
   */
  readonly elementwise?: 'graph' | 'wasm';
  /**
   * What multiplies, in the place of the runtime: `oneDnnHeadProducts` of `@cf/onnx/onednn`. Only where the element-wise work
   * is done in `wasm`.
   */
  readonly products?: HeadProducts;
  /** Is told what each part of a step takes, tile by tile, to find out where the time goes. */
  readonly onPart?: OnPart;
}

const OPTIONS: OptionNames<OnnxBackendOptions> = {
  runtime: true,
  provider: true,
  threads: true,
  cacheBytes: true,
  keepBytes: true,
  skipBound: true,
  elementwise: true,
  products: true,
  onPart: true,
};

const MIB = 2 ** 20;
/** A fifteenth of a million classes at a batch of 64: more would save few products, and is memory that a fused update is to spare. */
const KEPT_WITHOUT_GRADIENT = 16 * MIB;
/** Each thread more takes some MiB, and eight leave little of the sweep. */
const MOST_SWEEPING = 8;

/**
 * A {@link Backend} on onnxruntime, float32: the streaming head as ONNX graphs, written from the loss's own formulas. Its
 * name is `onnx-` and the provider's.
 *
 * @throws BackendError (`E_BACKEND`) if the provider is not available, OptionOutOfRangeError, UnknownNameError
 */
export async function onnxBackend(options: OnnxBackendOptions): Promise<Backend> {
  requireKnownOptions('onnxBackend', options, OPTIONS);
  const {
    runtime,
    provider = 'cpu',
    cacheBytes = 2 * MIB,
    keepBytes = 4 * MIB,
    skipBound = 2 ** -24,
  } = options;
  const threads = options.threads ?? globalThis.navigator?.hardwareConcurrency ?? 1;
  requirePositive('threads', threads);
  requirePositive('cacheBytes', cacheBytes);
  requireNonNegative('keepBytes', keepBytes);
  requireNonNegative('skipBound', skipBound);
  if (options.elementwise !== undefined) requireChoice('elementwise', options.elementwise, ['graph', 'wasm']);
  const opener = await open(runtime, provider, threads);
  const isProcessor = onProcessor([provider]);
  const byDefault = isProcessor && opener.outputs === 'in place' ? 'wasm' : 'graph';
  const simd = (options.elementwise ?? byDefault) === 'wasm';
  const { products } = options;
  if (products !== undefined && !simd)
    throw new BackendError(
      `the products of ${products.name} for element-wise work in graphs`,
      "products of the runtime, or elementwise: 'wasm'",
      'leave products out; the graphs compute them.',
    );
  const sharing =
    simd && threads > 1 && (products !== undefined || (await takesSharedMemory(runtime, opener)));
  const helpers = sharing ? Math.min(threads, MOST_SWEEPING) - 1 : 0;
  // With the last session of a device go the kernels compiled for it: one session is there as long as the backend.
  let anchor = isProcessor ? undefined : await opener.open(probeModel());
  return {
    name: `onnx-${provider}`,
    precision: 'float32',
    sharded: true,
    handsOverRows: true,
    choices: {
      threads,
      elementwise: simd ? 'wasm' : 'graph',
      products: products?.name ?? 'runtime',
      ...(simd
        ? { multiplyAdd: hasFusedMultiplyAdd() ? 'fused' : 'separate', sweepThreads: helpers + 1 }
        : {}),
      cacheBytes,
      keepBytes,
      skipBound,
    },
    createHead: async (loss, headOptions = {}) => {
      requireHead(loss, headOptions);
      const kernels = simd ? await openKernels(lossesOf(loss), helpers, products?.program) : undefined;
      const { onPart } = options;
      const parts = {
        ...{ runtime, opener, cacheBytes, keepBytes, skipBound, products, onPart, kernels },
        keepBytesWithoutGradient: options.keepBytes ?? KEPT_WITHOUT_GRADIENT,
      };
      return onnxHead(loss, parts, headOptions);
    },
    dispose: async () => {
      const last = anchor;
      anchor = undefined;
      await last?.release();
    },
  };
}

/** They share a memory: never do two of them run in the same passes. */
async function openKernels(
  losses: readonly MarginLoss[],
  helpers: number,
  program: TileProgram | undefined,
): Promise<ReadonlyMap<MarginLoss, SimdKernel>> {
  const linear = new LinearMemory(helpers > 0);
  const kernels = new Map<MarginLoss, SimdKernel>();
  for (const loss of losses) kernels.set(loss, await openSimdKernel(loss, linear, helpers, program));
  return kernels;
}

async function open(runtime: OnnxRuntime, provider: string, threads: number): Promise<SessionOpener> {
  try {
    return await sessionOpener(runtime, sessionOptions(threads, [provider]));
  } catch (cause) {
    throw absentProvider(provider, cause);
  }
}
