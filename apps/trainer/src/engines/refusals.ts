import { CfError } from '@cf/core';
import { RefusedModelError } from '@cf/onnx';
import { BackboneError, UsageError } from '../errors.ts';

/**
 * What several works give; where some of them are refused, all of what refuses them is told at once.
 *
 * @throws CfError the only one; BackboneError that lists several
 */
export function allReasons<Results extends readonly unknown[]>(
  file: string,
  works: { readonly [Index in keyof Results]: () => Results[Index] },
): Results {
  const errors: CfError[] = [];
  const results = (works as readonly (() => unknown)[]).map((work) => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof CfError) || error instanceof UsageError) throw error;
      errors.push(error);
      return undefined;
    }
  });
  if (errors.length === 0) return results as unknown as Results;
  throw errors.length === 1 ? errors[0]! : new RefusedFileError(file, errors.flatMap(reasonsOf));
}

/** Why something is refused, in a line. */
function reasonText({ given, expected, fix }: CfError): string {
  return `${given}, expected ${expected}; ${fix.replace(/\.$/, '')}`;
}

/** `E_BACKBONE`: a file with several things that stand in the way. */
export class RefusedFileError extends BackboneError {
  /** A line each. */
  readonly reasons: readonly string[];

  constructor(file: string, reasons: readonly string[]) {
    const lines = reasons.map((reason) => aboutFile(file, reason));
    super(
      `'${file}', refused for ${lines.length} reasons`,
      ['none of these:', ...lines.map((line) => `- ${line}`)],
      `look at all of it: cf inspect ${file}`,
    );
    this.reasons = lines;
  }
}

/** All reasons of an error, a line each. */
export function reasonsOf(error: CfError): readonly string[] {
  if (error instanceof RefusedModelError) return error.reasons.flatMap(reasonsOf);
  return error instanceof RefusedFileError ? error.reasons : [reasonText(error)];
}

/** A reason in one line, which needs no name of the file that it is about. */
export function aboutFile(file: string, reason: string): string {
  const line = reason.replace(/\.?\n(Fix: )?/g, '; ').replace(/\.$/, '');
  const start = `'${file}'`;
  if (!line.startsWith(start)) return line;
  const rest = line.slice(start.length);
  return /^, (which|whose|an embedding)/.test(rest)
    ? `the file${rest}`
    : rest.replace(/^, /, '').replace(/^ /, 'the file ');
}
