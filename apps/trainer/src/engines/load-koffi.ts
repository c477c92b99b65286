import { BackendError } from '@cf/core';
import { giveStack, type ForeignFunctions as MpiFunctions } from '@cf/mpi';
import type { ForeignFunctions } from '@cf/onnx/onednn';

/** @throws BackendError where the package is not there */
export async function loadKoffi(): Promise<ForeignFunctions & MpiFunctions> {
  const koffi = await import('koffi').catch((cause: unknown) => {
    throw new BackendError(
      "the package 'koffi', which can't be loaded",
      'the package through which C libraries are called',
      "install it with 'npm install koffi'.",
      cause,
    );
  });
  const { default: functions } = koffi;
  prepare(functions);
  return functions;
}

let hasStack = false;

/** Before anything is loaded; afterwards MPI says so where it matters. */
function prepare(koffi: MpiFunctions): void {
  if (hasStack) return;
  hasStack = true;
  try {
    giveStack(koffi);
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
  }
}
