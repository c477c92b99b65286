import { open, stat } from 'node:fs/promises';
import { isManifest } from '@cf/data';
import {
  isVerificationSet,
  type PictureFilePairs,
  readPairList,
  readVerificationSet,
  type VerificationSet,
} from '@cf/data/node';
import { readGiven } from '../settings/read-given.ts';

/** What `--pairs` names: a list of LFW, or what says by itself where its pictures are. */
export type PairsFile =
  | { readonly kind: 'lfw'; readonly path: string; readonly text: string }
  | { readonly kind: 'whole'; readonly path: string; readonly found: VerificationSet | PictureFilePairs };

/**
 * Reads a file of pairs. A verification set is told by its first bytes, a list of paths by its name (.csv, .tsv, .jsonl).
 *
 * @throws UsageError, VerificationSetError, ManifestError
 */
export async function pairsFile(path: string): Promise<PairsFile> {
  if (await beginsAsSet(path)) return { kind: 'whole', path, found: await readVerificationSet(path) };
  return isManifest(path)
    ? { kind: 'whole', path, found: await readPairList(path) }
    : { kind: 'lfw', path, text: await readGiven('--pairs', path) };
}

/** Whether a path is a file that begins as a verification set. What can't be read, or is no file, is told by who reads it. */
export async function beginsAsSet(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) return false;
  const file = await open(path).catch(() => undefined);
  try {
    const head = new Uint8Array(2);
    await file?.read(head, 0, 2, 0);
    return isVerificationSet(head);
  } finally {
    await file?.close();
  }
}
