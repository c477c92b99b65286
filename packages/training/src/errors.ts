import { CfError } from '@cf/core';

/** `E_DIVERGED`: training reached a number that is not finite, or far too large. */
export class DivergedError extends CfError {
  constructor(step: number, learningRate: number, what: string, cause?: unknown) {
    super('DivergedError', 'E_DIVERGED', {
      given: `${what} at step ${step} (learning rate ${learningRate})`,
      expected: 'finite numbers of a size to work with',
      fix: 'start a new run with a lower learning rate, a lower scale or more steps of warm-up; the last checkpoint is kept.',
      cause,
    });
  }
}
