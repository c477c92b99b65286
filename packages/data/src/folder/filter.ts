import { checkInteger } from '../checks.ts';
import type { ImageFolder } from './image-folder.ts';

/** Which identities to keep; every condition must hold. */
export interface IdentityFilter {
  /** Pictures an identity must have at least. */
  readonly minImages?: number;
  /** The only identities to keep. Compared in Unicode normal form C. */
  readonly names?: ReadonlySet<string>;
}

/** Keeps the identities that pass, in their order; root and problems stay as they are. */
export function filterIdentities(folder: ImageFolder, filter: IdentityFilter): ImageFolder {
  const { minImages = 1, names } = filter;
  checkInteger('minImages', minImages, 1);
  const wanted = names === undefined ? undefined : new Set([...names].map((name) => name.normalize('NFC')));
  const identities = folder.identities.filter(
    ({ name, files }) => files.length >= minImages && (wanted === undefined || wanted.has(name)),
  );
  return { ...folder, identities };
}
