import { stat } from 'node:fs/promises';

/** Whether anything lies at a path. */
export function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
