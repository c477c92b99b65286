import { BackendError } from '@cf/core';
import type { ForeignFunctions as MpiFunctions } from '@cf/mpi';
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
  giveStack(functions);
  return functions;
}

/** Bytes that a call on a thread of its own has, as MPI may need; it can't be said any more once a library is loaded. */
const STACK = 8 * 2 ** 20;

let hasStack = false;

function giveStack({ config }: MpiFunctions): void {
  if (hasStack) return;
  hasStack = true;
  try {
    if ((config().async_stack_size ?? 0) < STACK) config({ async_stack_size: STACK });
  } catch {
    // Somebody has loaded one before; MPI says so where it matters.
  }
}
