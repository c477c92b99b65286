/** Says which folder of pictures can't be read, and why. */
export function rootFailure(root: string, error: unknown): string {
  const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  return isMissing ? `'${root}' does not exist` : `'${root}': ${readFailure(error)}`;
}

/** Says in a few words why the file system refused. */
export function readFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'EISDIR') return 'it is a folder';
  return `it can't be read (${code ?? String(error)})`;
}
