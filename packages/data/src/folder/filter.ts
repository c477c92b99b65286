import { type OptionNames, requireKnownOptions } from '@cf/core';
import { checkInteger } from '../checks.ts';

/** Which identities to keep; every condition must hold. */
export interface IdentityFilter {
  /** Pictures an identity must have at least. */
  readonly minImages?: number;
  /** The only identities to keep. Compared in Unicode normal form C. */
  readonly names?: ReadonlySet<string>;
}

/** What is looked at of an identity. */
interface Filtered {
  readonly name: string;
  readonly files: readonly unknown[];
}

const OPTIONS: OptionNames<IdentityFilter> = { minImages: true, names: true };

/** Keeps the identities that pass, in their order; all else stays as it is. */
export function filterIdentities<Folder extends { readonly identities: readonly Filtered[] }>(
  folder: Folder,
  filter: IdentityFilter,
): Folder {
  requireKnownOptions('filterIdentities', filter, OPTIONS);
  const { minImages = 1, names } = filter;
  checkInteger('minImages', minImages, 1);
  const wanted = names === undefined ? undefined : new Set([...names].map((name) => name.normalize('NFC')));
  const identities = folder.identities.filter(
    ({ name, files }) => files.length >= minImages && (wanted === undefined || wanted.has(name)),
  );
  return { ...folder, identities };
}
