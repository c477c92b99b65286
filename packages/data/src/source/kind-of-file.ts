import type { Stats } from 'node:fs';

/** Why what lies at a path is not to be opened as a file; undefined for a file. What is opened instead may never end. */
export function notAFile(found: Stats): string | undefined {
  if (found.isFile()) return undefined;
  if (found.isDirectory()) return 'it is a folder';
  if (found.isFIFO()) return 'it is a named pipe, not a file';
  if (found.isSocket()) return 'it is a socket, not a file';
  if (found.isCharacterDevice() || found.isBlockDevice()) return 'it is a device, not a file';
  return 'it is not a file';
}
