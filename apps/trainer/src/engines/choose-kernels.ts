import { type BackendError, CfError } from '@cf/core';
import { type OnnxRuntime, proveKernels, type TrainingKernels, type TrainingSession } from '@cf/onnx';
import { oneDnnKernels } from '@cf/onnx/onednn';
import type { LearnerOptimiser } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import { type Chosen, chooseOneDnn, graphs, withWayOut } from './choose-one-dnn.ts';
import type { Device } from './device.ts';
import type { KernelChoice } from './kernel-choice.ts';

export interface KernelOptions {
  readonly choice: KernelChoice;
  readonly device: Device;
  readonly threads: number;
  readonly optimiser: LearnerOptimiser;
}

/** A session, and what computes in it. */
export interface OpenedOnKernels extends Omit<Chosen<TrainingKernels>, 'part'> {
  readonly session: TrainingSession;
}

const WHAT = 'kernels';

/**
 * What computes a training, before it is known whether it knows the network.
 *
 * @throws what {@link chooseOneDnn} throws
 */
export function chooseKernels({
  choice,
  device,
  threads,
  optimiser,
}: KernelOptions): Promise<Chosen<TrainingKernels>> {
  return chooseOneDnn({
    choice,
    device,
    what: WHAT,
    open: (koffi) => oneDnnKernels({ koffi }),
    prove: (kernels) => proveKernels(kernels, { runtime: runtime as OnnxRuntime, threads, optimiser }),
    provenBy: 'the graphs of onnxruntime',
  });
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
  const { part: kernels, name, told } = await chooseKernels(options);
  if (kernels === undefined) return { session: await open(), name, told };
  try {
    return { session: await open(kernels), name, told };
  } catch (error) {
    if (!(error instanceof CfError) || !['E_ONNX_OPERATOR', 'E_BACKEND'].includes(error.code)) throw error;
    const isUnknown = error.code === 'E_ONNX_OPERATOR';
    if (options.choice !== 'auto') throw isUnknown ? error : withWayOut(error as BackendError);
    // What no kernels train is thrown again by the graphs.
    const why = isUnknown ? `has no layer for ${error.given}` : `does not take this network (${error.given})`;
    const { name: instead, told: reason } = graphs(WHAT, `${name} ${why}`);
    return { session: await open(), name: instead, told: reason };
  }
}
