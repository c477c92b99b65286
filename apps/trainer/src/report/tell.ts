import { printable } from '@cf/core';

/** A line beside the result, which alone goes to the standard output. */
export function tell(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}
