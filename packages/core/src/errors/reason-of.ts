/** What went wrong, in words, whatever was thrown. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** What went wrong, in a line. */
export function firstLine(cause: unknown): string {
  return reasonOf(cause).split('\n')[0]!;
}
