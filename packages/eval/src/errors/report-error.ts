import { CfError } from '@cf/core';

/** `E_REPORT`: something that cannot stand in a report. */
export class ReportError extends CfError {
  constructor(given: string, expected: string, fix: string) {
    super('ReportError', 'E_REPORT', { given, expected, fix });
  }
}
