import { BackendError } from '@cf/core';
import type { ForeignFunctions } from '@cf/onnx/onednn';

/** @throws BackendError where the package is not there */
export async function loadKoffi(): Promise<ForeignFunctions> {
  const koffi = await import('koffi').catch((cause: unknown) => {
    throw new BackendError(
      "the package 'koffi', which can't be loaded",
      'the package through which oneDNN is called',
      "install it with 'npm install koffi'.",
      cause,
    );
  });
  return koffi.default;
}

/** Whether oneDNN computes with plain loops: it has no kernels of its own for the processor. */
export function isPlainLoop(implementation: string | undefined): boolean {
  return /^(ref|simple|gemm:ref)/.test(implementation ?? '');
}

/** A cause with a way out: a run that names oneDNN can do without it; one that is resumed names it in its configuration. */
export function withWayOut({ given, expected, fix, cause }: BackendError): BackendError {
  return new BackendError(given, expected, `${fix.replace(/\.$/, '')}; or say --kernels auto.`, cause);
}
