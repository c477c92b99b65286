import { CfError } from '@cf/core';

/** `E_PAIRS`: a list of pairs from which the asked number cannot be computed. */
export class PairsError extends CfError {
  /** First bad position in the list, where one position is to blame. */
  readonly index: number | undefined;

  constructor(given: string, expected: string, fix: string, index?: number) {
    super('PairsError', 'E_PAIRS', { given, expected, fix });
    this.index = index;
  }
}

/** `E_REPORT`: something that cannot stand in a report. */
export class ReportError extends CfError {
  constructor(given: string, expected: string, fix: string) {
    super('ReportError', 'E_REPORT', { given, expected, fix });
  }
}

/** `E_GALLERY`: embeddings that can't be searched, or searched for. */
export class GalleryError extends CfError {
  constructor(given: string, expected: string, fix: string) {
    super('GalleryError', 'E_GALLERY', { given, expected, fix });
  }
}
