import { printable } from './printable.ts';

/** What every error of these packages says: what was given, what was expected, how to fix it. */
export interface CfErrorDetails {
  /** What was given, as a reader would write it: `labels[17] = 1024`. */
  readonly given: string;
  /** What was expected instead: `0 ≤ label < 1000 (classes of weights [1000, 512])`; of several texts each has its line. */
  readonly expected: string | readonly string[];
  /** One imperative sentence: `remap identities with buildLabelMap().` */
  readonly fix: string;
  /** The error underneath, where there is one. */
  readonly cause?: unknown;
}

/**
 * Base class of every error that these packages throw on purpose.
 *
 * The message reads `Name [CODE]: given, expected …\nFix: …`; the parts are there as fields too. Control characters, as
 * names of files may have them, are shown escaped in all of it.
 */
export abstract class CfError extends Error {
  /** Stable identifier, `E_…`, for programs. */
  readonly code: string;
  readonly given: string;
  readonly expected: string;
  readonly fix: string;

  constructor(name: string, code: string, details: CfErrorDetails) {
    const given = printable(details.given);
    const expected = [details.expected].flat().map(printable).join('\n');
    const fix = printable(details.fix);
    super(
      `${given}, expected ${expected}.\nFix: ${fix}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = `${name} [${code}]`;
    this.code = code;
    this.given = given;
    this.expected = expected;
    this.fix = fix;
  }
}
