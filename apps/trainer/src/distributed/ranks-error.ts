import { CfError } from '@cf/core';

/** `E_RANKS`: the ranks of a training do not fit each other, or one of them can't begin. */
export class RanksError extends CfError {
  constructor(given: string, expected: string, fix: string, cause?: unknown) {
    super('RanksError', 'E_RANKS', { given, expected, fix, cause });
  }
}
