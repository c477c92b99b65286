import { CfError } from '@cf/core';

/** `E_BACKEND`: the TensorFlow.js backend that was asked for cannot be used; there is no fallback to another. */
export class BackendUnavailableError extends CfError {
  /** Name of the backend, as TensorFlow.js knows it. */
  readonly backend: string;

  constructor(backend: string, reason: string, expected: string, cause?: unknown) {
    super('BackendUnavailableError', 'E_BACKEND', {
      given: `TensorFlow.js backend '${backend}' (${reason})`,
      expected,
      fix: `import the package that registers '${backend}', such as @tensorflow/tfjs-backend-${backend}, or ask for 'cpu'.`,
      cause,
    });
    this.backend = backend;
  }
}
