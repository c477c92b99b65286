import { printable } from '@cf/core';

/**
 * What can be wrong with a file or folder without stopping the work.
 *
 * The README's table says what each kind means and what is done about it.
 */
export type ImageProblemKind =
  | 'not an image'
  | 'unreadable image'
  | 'identity without image'
  | 'image outside an identity'
  | 'nested folder'
  | 'unreadable folder'
  | 'same name twice'
  | 'missing pair image';

/** One thing that was skipped, and why. */
export interface ImageProblem {
  /** The file or folder. */
  readonly path: string;
  readonly kind: ImageProblemKind;
  /** One line that names the path and the reason, ready to print. */
  readonly message: string;
}

/** Puts a problem into one line: the path, control characters in it shown escaped, then the reason. */
export function imageProblem(kind: ImageProblemKind, path: string, reason: string): ImageProblem {
  return { path, kind, message: printable(`${path}: ${reason}`) };
}
