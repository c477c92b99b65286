import { CfError } from '@cf/core';

/** What the process exits with; printed by `cf --help`. */
export const EXIT = {
  ok: 0,
  /** A check failed: golden values over tolerance, on a backend or a device; or two pictures are different, where asked for. */
  checkFailed: 1,
  /** Flags, options or names that don't fit, or need a package that is not installed. */
  usage: 2,
  /** Data, a model or a run folder that can't be read, is held by another process, or takes no file. */
  data: 3,
  /** Training reached a number that is not finite, or far too large. */
  diverged: 4,
  /** Anything unforeseen. */
  internal: 70,
  /** Ctrl-C, SIGTERM or SIGHUP; a checkpoint was written. */
  interrupted: 130,
} as const;

const USAGE_CODES = new Set([
  'E_USAGE',
  'E_PACKAGE',
  'E_BATCH_MEMORY',
  'E_OPTION_RANGE',
  'E_UNKNOWN_NAME',
  'E_RANKS',
]);

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof CfError)) return EXIT.internal;
  if (error.code === 'E_DIVERGED') return EXIT.diverged;
  if (error.code === 'E_WRONG_RESULTS') return EXIT.checkFailed;
  return USAGE_CODES.has(error.code) ? EXIT.usage : EXIT.data;
}
