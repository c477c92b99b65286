import { open, stat } from 'node:fs/promises';
import { isVerificationSet, readVerificationSet, type VerificationSet } from '@cf/data';
import { readGiven } from '../settings/read-given.ts';

/** What `--pairs` names: a list of LFW, or a set that has its pictures in it. */
export type PairsFile =
  | { readonly kind: 'list'; readonly path: string; readonly text: string }
  | { readonly kind: 'set'; readonly path: string; readonly set: VerificationSet };

/** Reads a file of pairs; which kind it is, its first bytes say. @throws UsageError, VerificationSetError */
export async function pairsFile(path: string): Promise<PairsFile> {
  return (await beginsAsSet(path))
    ? { kind: 'set', path, set: await readVerificationSet(path) }
    : { kind: 'list', path, text: await readGiven('--pairs', path) };
}

/** What can't be read, or is no file, is told by who reads it. */
async function beginsAsSet(path: string): Promise<boolean> {
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
