import { sep } from 'node:path';

/** Whether a path leads into a folder. Both are real ones, with links followed. */
export function isInside(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
