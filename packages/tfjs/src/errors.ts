import { BackendError } from '@cf/core';

/** The error of a TensorFlow.js backend that was asked for and can't be used; there is no fallback to another. */
export function unavailable(
  backend: string,
  reason: string,
  expected: string,
  cause?: unknown,
): BackendError {
  return new BackendError(
    `TensorFlow.js backend '${backend}' (${reason})`,
    expected,
    `import the package that registers '${backend}', such as @tensorflow/tfjs-backend-${backend}, or ask for 'cpu'.`,
    cause,
  );
}
