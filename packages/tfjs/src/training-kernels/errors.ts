import { BackendError } from '@cf/core';

/** The error of a training kernel that is asked for something that it does not compute. */
export function unsupported(kernel: string, given: string, expected: string): BackendError {
  return new BackendError(
    `kernel ${kernel} with ${given}`,
    expected,
    'build the layer otherwise, or train on another backend.',
  );
}
