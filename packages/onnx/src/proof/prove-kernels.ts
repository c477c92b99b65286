import { type OptionNames, requireKnownOptions } from '@cf/core';
import { WrongResultsError } from '../errors.ts';
import type { TrainingKernels } from '../training/passes.ts';
import { type NetworkProofOptions, networkDeviation } from './network-deviation.ts';
import { PROOF_TOLERANCE } from './prove-provider.ts';

const OPTIONS: OptionNames<NetworkProofOptions> = { runtime: true, threads: true, optimiser: true };

/**
 * Proves that kernels compute what they should, before anything is trained on them: one training step of a small network
 * beside the graphs of the runtime.
 *
 * @returns the worst deviation, against the largest number of each layer
 * @throws WrongResultsError (`E_WRONG_RESULTS`) if it is more than `PROOF_TOLERANCE` of a network
 */
export async function proveKernels(kernels: TrainingKernels, options: NetworkProofOptions): Promise<number> {
  requireKnownOptions('proveKernels', options, OPTIONS);
  const deviation = await networkDeviation({ kernels }, options);
  const { network: tolerance } = PROOF_TOLERANCE;
  if (deviation <= tolerance) return deviation;
  throw new WrongResultsError(
    `${kernels.name}, whose network deviates by ${deviation.toExponential(1)}`,
    `at most ${tolerance.toExponential(0)} of what the graphs of onnxruntime give`,
    'install another version of the library, or train with the graphs of onnxruntime.',
  );
}
