import { CfError } from '@cf/core';

/** `E_USAGE`: flags or a configuration that don't fit together. */
export class UsageError extends CfError {
  constructor(given: string, expected: string, fix: string) {
    super('UsageError', 'E_USAGE', { given, expected, fix });
  }
}

/** `E_RUN`: a run folder, checkpoint or model file that can't be used. */
export class RunFolderError extends CfError {
  constructor(given: string, expected: string, fix: string, cause?: unknown) {
    super('RunFolderError', 'E_RUN', { given, expected, fix, cause });
  }
}

/** `E_BACKBONE`: an ONNX backbone that can't be loaded, or does not take pictures. */
export class BackboneError extends CfError {
  constructor(given: string, expected: string, fix: string, cause?: unknown) {
    super('BackboneError', 'E_BACKBONE', { given, expected, fix, cause });
  }
}

/** `E_DIVERGED`: training reached a number that is not finite. */
export class DivergedError extends CfError {
  constructor(step: number, learningRate: number, what: string, cause?: unknown) {
    super('DivergedError', 'E_DIVERGED', {
      given: `${what} at step ${step} (learning rate ${learningRate})`,
      expected: 'finite numbers',
      fix: 'lower --lr, lower --scale or raise --warmup-steps; the last checkpoint is kept, and --resume starts from it.',
      cause,
    });
  }
}
