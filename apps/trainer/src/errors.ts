import { CfError, reasonOf } from '@cf/core';

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

/** `E_OUTPUT`: a file that can't be written. */
export class OutputError extends CfError {
  constructor(path: string, cause: unknown) {
    super('OutputError', 'E_OUTPUT', {
      given: `'${path}' (${reasonOf(cause)})`,
      expected: 'a file that can be written',
      fix: 'check that the folder exists, may be written to and has space left.',
      cause,
    });
  }
}

/** `E_BACKBONE`: an ONNX backbone that can't be loaded, or does not map pictures to finite numbers. */
export class BackboneError extends CfError {
  constructor(given: string, expected: string | readonly string[], fix: string, cause?: unknown) {
    super('BackboneError', 'E_BACKBONE', { given, expected, fix, cause });
  }
}

/** `E_DIVERGED`: training reached a number that is not finite, or far too large. */
export class DivergedError extends CfError {
  /** @param cause what the loop says; the program knows the flags that help */
  constructor(cause: CfError) {
    super('DivergedError', 'E_DIVERGED', {
      given: cause.given,
      expected: cause.expected,
      fix: 'start a new run with a lower --lr, a lower --scale or more --warmup-steps; the last checkpoint is kept.',
      cause,
    });
  }
}

/** `E_BATCH_MEMORY`: the activations of a batch would not fit in memory. */
export class BatchMemoryError extends CfError {
  constructor(batch: number, bytes: number, available: number) {
    const gigabytes = (count: number): string => `${(count / 1e9).toPrecision(3)} GB`;
    super('BatchMemoryError', 'E_BATCH_MEMORY', {
      given: `a batch of ${batch} pictures, whose activations take at least ${gigabytes(bytes)}`,
      expected: `at most ${gigabytes(available)}, the memory that is free`,
      fix: 'lower --batch (--accumulate takes several batches a step of the optimiser), or add --memory low.',
    });
  }
}

/** `E_FACE`: a photograph in which no face was found. */
export class FaceError extends CfError {
  constructor(picture: string) {
    super('FaceError', 'E_FACE', {
      given: `'${picture}', in which no face was found`,
      expected: 'a photograph that shows one',
      fix: 'take another, or leave --align out where it is an aligned crop already.',
    });
  }
}

/** `E_PACKAGE`: a flag that needs packages which are optional and not installed. Nothing takes their place. */
export class MissingPackageError extends CfError {
  /** As npm names them. */
  readonly packages: readonly string[];

  /**
   * @param askedBy what needs them, as a user wrote it: `--head tfjs-wasm`
   * @param command that installs them
   */
  constructor(askedBy: string, packages: readonly string[], command: string) {
    const plural = packages.length === 1 ? '' : 's';
    super('MissingPackageError', 'E_PACKAGE', {
      given: `${askedBy} without the package${plural} ${packages.join(', ')}`,
      expected: `the package${plural}, which only this needs, beside @cf/trainer`,
      fix: `run ${command}`,
    });
    this.packages = packages;
  }
}
