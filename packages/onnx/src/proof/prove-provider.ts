import { type OptionNames, requireKnownOptions, STEP_TOLERANCE } from '@cf/core';
import type { LearnerOptimiser } from '@cf/training';
import { WrongResultsError } from '../errors.ts';
import { onnxBackend } from '../head/onnx-backend.ts';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import { headDeviation, type ProvenHead } from './head-deviation.ts';
import { networkDeviation } from './network-deviation.ts';

/** What is to be proven, and where. */
export interface ProviderProofOptions {
  /** The module `onnxruntime-node` or `onnxruntime-web`. */
  readonly runtime: OnnxRuntime;
  /** Such as `webgpu` or `cuda`. */
  readonly provider: string;
  /** A head of this loss; left out, none is tried. */
  readonly head?: ProvenHead;
  /** A training step of a small network with every layer of the built-in ones; left out, none is tried. */
  readonly network?: { readonly optimiser: LearnerOptimiser };
  /** Threads of the processor beside it. */
  readonly threads?: number;
}

/** Worst deviations that were seen; undefined for what was not tried. */
export interface ProviderProof {
  readonly provider: string;
  /** Of the head from the float64 reference, by the rule of golden values. */
  readonly head: number | undefined;
  /** Of the network from the processor, against the largest number of each layer. */
  readonly network: number | undefined;
}

/** What a provider of true float32 meets, with room. */
export const PROOF_TOLERANCE: Readonly<Record<'head' | 'network', number>> = {
  head: STEP_TOLERANCE.float32,
  network: 1e-4,
};

const OPTIONS: OptionNames<ProviderProofOptions> = {
  runtime: true,
  provider: true,
  head: true,
  network: true,
  threads: true,
};

/**
 * Proves that an execution provider computes what it should, before anything is trained on it: two steps of a small head
 * beside the float64 reference, and one training step of a small network beside the runtime's processor. That takes a
 * second or so.
 *
 * @throws BackendError (`E_BACKEND`) if the provider is not available, with what brings it
 * @throws WrongResultsError (`E_WRONG_RESULTS`) if it deviates by more than `PROOF_TOLERANCE`
 */
export async function proveProvider(options: ProviderProofOptions): Promise<ProviderProof> {
  requireKnownOptions('proveProvider', options, OPTIONS);
  const { provider, head, network } = options;
  const proof = {
    provider,
    head: head && (await ofHead(options, head)),
    network:
      network && (await networkDeviation({ executionProviders: [provider] }, { ...options, ...network })),
  };
  for (const part of ['head', 'network'] as const) {
    const [deviation = 0, tolerance] = [proof[part], PROOF_TOLERANCE[part]];
    if (!(deviation <= tolerance)) throw wrongResults(provider, { part, deviation, tolerance });
  }
  return proof;
}

async function ofHead(
  { runtime, provider, threads }: ProviderProofOptions,
  head: ProvenHead,
): Promise<number> {
  const backend = await onnxBackend({ runtime, provider, ...(threads === undefined ? {} : { threads }) });
  try {
    return await headDeviation(backend, head);
  } finally {
    await backend.dispose();
  }
}

function wrongResults(
  provider: string,
  {
    part,
    deviation,
    tolerance,
  }: { readonly part: string; readonly deviation: number; readonly tolerance: number },
): WrongResultsError {
  return new WrongResultsError(
    `provider '${provider}', whose ${part} deviates by ${deviation.toExponential(1)}`,
    `at most ${tolerance.toExponential(0)} of what the ${part === 'head' ? 'float64 reference' : 'processor'} gives`,
    provider === 'cuda'
      ? 'set NVIDIA_TF32_OVERRIDE=0 before the start, which keeps products in float32; or take another provider.'
      : "update the card's driver and the runtime, or take another provider.",
  );
}
