import { CfError } from '@cf/core';

/** `E_BACKEND`: the requested mode of gpu.js is not available here, or what it made cannot be used (any more). */
export class BackendError extends CfError {
  constructor(given: string, expected: string, fix: string, cause?: unknown) {
    super('BackendError', 'E_BACKEND', { given, expected, fix, cause });
  }
}
