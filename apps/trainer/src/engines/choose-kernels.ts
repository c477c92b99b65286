import { type BackendError, CfError } from '@cf/core';
import { type OnnxRuntime, proveKernels, type TrainingKernels, type TrainingSession } from '@cf/onnx';
import { oneDnnKernels } from '@cf/onnx/onednn';
import type { LearnerOptimiser } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import type { Device } from './device.ts';
import { type KernelChoice, requireProcessor } from './kernel-choice.ts';
import { isPlainLoop, loadKoffi, withWayOut } from './load-koffi.ts';

export interface KernelOptions {
  readonly choice: KernelChoice;
  readonly device: Device;
  readonly threads: number;
  readonly optimiser: LearnerOptimiser;
}

/** What is to compute, before it is known whether it knows a network. */
export interface ChosenKernels {
  /** Undefined for the graphs of onnxruntime. */
  readonly kernels: TrainingKernels | undefined;
  /** Such as `oneDNN 2.6.3`. */
  readonly name: string;
  /** A line: what runs, and why. */
  readonly told: string;
}

/** A session, and what computes in it. */
export interface OpenedOnKernels extends Omit<ChosenKernels, 'kernels'> {
  readonly session: TrainingSession;
}

/** The graphs of onnxruntime, which are always there. */
const GRAPHS = 'onnxruntime';

/**
 * oneDNN where it is there and proven, the graphs of onnxruntime otherwise. Kernels that are named are there or are an
 * error.
 *
 * @throws UsageError where oneDNN is named for a card, BackendError where it is named and is not there; WrongResultsError where it computes other numbers
 */
export async function chooseKernels(options: KernelOptions): Promise<ChosenKernels> {
  const { choice, device, threads, optimiser } = options;
  if (choice === 'onnxruntime') return graphs('as asked for');
  requireProcessor(choice, device);
  if (device !== 'cpu') return graphs(`on ${device}`);
  try {
    const kernels = oneDnnKernels({ koffi: await loadKoffi() });
    const { name, implementation } = kernels;
    if (choice === 'auto' && isPlainLoop(implementation))
      return graphs(`${name} has no kernels of its own for this processor (${implementation})`);
    const deviation = await proveKernels(kernels, { runtime: runtime as OnnxRuntime, threads, optimiser });
    const proof = `proven within ${deviation.toExponential(0)} of the graphs of onnxruntime`;
    return { kernels, name, told: `kernels ${name} (${implementation}): ${proof}` };
  } catch (error) {
    if (!(error instanceof CfError)) throw error;
    if (choice !== 'auto') throw error.code === 'E_BACKEND' ? withWayOut(error as BackendError) : error;
    return graphs(error.code === 'E_BACKEND' ? `${error.given}; to be faster, ${error.fix}` : error.given);
  }
}

/**
 * Opens a training on the kernels that are chosen; under `auto` on the graphs of onnxruntime where oneDNN does not know
 * every node of the network, or does not take it.
 *
 * @throws what `chooseKernels` throws; UnsupportedOperatorError where oneDNN is named and does not know a node,
 *   BackendError where it does not take one
 */
export async function openOnKernels(
  options: KernelOptions,
  open: (kernels?: TrainingKernels) => Promise<TrainingSession>,
): Promise<OpenedOnKernels> {
  const { kernels, name, told } = await chooseKernels(options);
  if (kernels === undefined) return { session: await open(), name, told };
  try {
    return { session: await open(kernels), name, told };
  } catch (error) {
    if (!(error instanceof CfError) || !['E_ONNX_OPERATOR', 'E_BACKEND'].includes(error.code)) throw error;
    const isUnknown = error.code === 'E_ONNX_OPERATOR';
    if (options.choice !== 'auto') throw isUnknown ? error : withWayOut(error as BackendError);
    // What no kernels train is thrown again by the graphs.
    const why = isUnknown ? `has no layer for ${error.given}` : `does not take this network (${error.given})`;
    return { session: await open(), ...graphs(`${name} ${why}`) };
  }
}

function graphs(why: string): ChosenKernels & { readonly kernels: undefined } {
  return { kernels: undefined, name: GRAPHS, told: `kernels ${GRAPHS}: ${why}` };
}
