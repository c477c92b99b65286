import { BackendError, CfError } from '@cf/core';
import { type OnnxRuntime, proveKernels, type TrainingKernels, type TrainingSession } from '@cf/onnx';
import { oneDnnKernels } from '@cf/onnx/onednn';
import type { LearnerOptimiser } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import type { Device } from './device.ts';
import type { KernelChoice } from './kernel-choice.ts';

export interface KernelOptions {
  readonly choice: KernelChoice;
  readonly device: Device;
  readonly threads: number;
  readonly optimiser: LearnerOptimiser;
}

/** A session, and what computes in it. */
export interface OpenedOnKernels {
  readonly session: TrainingSession;
  /** Such as `oneDNN 2.6.3`. */
  readonly kernels: string;
  /** A line: what runs, and why. */
  readonly told: string;
}

/** The graphs of onnxruntime, which are always there. */
const GRAPHS = 'onnxruntime';

/**
 * Opens a training on oneDNN where it is there, proven, and knows every node of the network; and on the graphs of
 * onnxruntime otherwise. Kernels that are named run or are an error.
 *
 * @throws BackendError where oneDNN is named and is not there; UnsupportedOperatorError where it does not know a node;
 * WrongResultsError where it computes other numbers
 */
export async function openOnKernels(
  options: KernelOptions,
  open: (kernels?: TrainingKernels) => Promise<TrainingSession>,
): Promise<OpenedOnKernels> {
  const { choice, device } = options;
  if (choice === 'onnxruntime') return { session: await open(), kernels: GRAPHS, told: `kernels ${GRAPHS}` };
  if (device !== 'cpu')
    return { session: await open(), kernels: GRAPHS, told: `kernels ${GRAPHS}, on ${device}` };
  try {
    return await onOneDnn(options, open);
  } catch (error) {
    if (choice !== 'auto' || !(error instanceof CfError)) throw error;
    // What the network itself is refused for is thrown again by the graphs.
    const session = await open();
    return { session, kernels: GRAPHS, told: `kernels ${GRAPHS}: ${reasonOf(error)}` };
  }
}

async function onOneDnn(
  { threads, optimiser }: KernelOptions,
  open: (kernels?: TrainingKernels) => Promise<TrainingSession>,
): Promise<OpenedOnKernels> {
  const kernels = await loadOneDnn();
  const deviation = await proveKernels(kernels, { runtime: runtime as OnnxRuntime, threads, optimiser });
  const session = await open(kernels);
  const proof = `proven within ${deviation.toExponential(0)} of the graphs of onnxruntime`;
  return { session, kernels: kernels.name, told: `kernels ${kernels.name}, ${proof}` };
}

async function loadOneDnn(): Promise<TrainingKernels> {
  const koffi = await import('koffi').catch((cause: unknown) => {
    throw new BackendError(
      "the package 'koffi', which can't be loaded",
      'the package through which oneDNN is called',
      "install it with 'npm install koffi', or leave --kernels out.",
      cause,
    );
  });
  return oneDnnKernels({ koffi: koffi.default });
}

/** Why kernels were not taken, in a few words. */
function reasonOf({ given, code }: CfError): string {
  return code === 'E_ONNX_OPERATOR' ? `oneDNN is not used for ${given}` : given;
}
