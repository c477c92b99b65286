import { DataFolderError } from './errors.ts';

/** Says which folder of pictures can't be read, and why. */
export function rootFailure(root: string, error: unknown): string {
  const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  return isMissing ? `'${root}' does not exist` : `'${root}': ${readFailure(error)}`;
}

/**
 * Says in a few words why the file system refused.
 *
 * @throws DataFolderError where this process can open no more files: nothing is wrong with the file then, and it must not be
 * left out for that
 */
export function readFailure(error: unknown): string {
  const { code, path = 'a picture', message } = error as NodeJS.ErrnoException;
  if (code === 'EMFILE' || code === 'ENFILE') {
    const given = `'${path}', which can't be opened (${message})`;
    throw new DataFolderError(
      path,
      given,
      'a file descriptor that is free',
      'raise the limit: ulimit -n',
      error,
    );
  }
  // What is no UTF-8 in a name is read as U+FFFD, and no file has that name.
  if (code === 'ENOENT' && path.includes('\uFFFD')) return 'its name is not in UTF-8: rename it';
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'EISDIR') return 'it is a folder';
  return `it can't be read (${code ?? String(error)})`;
}
