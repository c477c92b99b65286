import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SideFile } from '../model/external-data.ts';

/** A file to be. */
export interface NewFile extends SideFile {
  readonly path: string;
}

const CHUNK = 2 ** 28;

/**
 * Writes files in the place of others, all or none. The last one is what says how the others are read: it is in place
 * only while they are.
 */
export async function replaceFiles(files: readonly NewFile[], last: NewFile): Promise<void> {
  const undo: (() => Promise<unknown>)[] = [];
  const kept: string[] = [];
  try {
    for (const { path } of [...files, last]) await requireNoFolder(path);
    const written: { readonly aside: string; readonly path: string }[] = [];
    for (const file of [...files, last]) {
      const aside = asideOf(file.path);
      undo.push(() => rm(aside, { force: true }));
      await writeAside(aside, file);
      written.push({ aside, path: file.path });
    }
    const setAside = async (path: string): Promise<void> => {
      const old = asideOf(path);
      await rename(path, old);
      kept.push(old);
      undo.push(() => rename(old, path));
    };
    const replaced: string[] = [];
    for (const { path } of files) if (await isThere(path)) replaced.push(path);
    // Never the old model beside new weights.
    if (replaced.length > 0 && (await isThere(last.path))) await setAside(last.path);
    for (const path of replaced) await setAside(path);
    for (const { aside, path } of written) {
      await rename(aside, path);
      // The last one is in place, and all is done.
      if (path !== last.path) undo.push(() => rm(path, { force: true }));
    }
  } catch (error) {
    for (const step of undo.toReversed()) await step().catch(() => {});
    throw error;
  }
  await syncFolder(dirname(last.path));
  for (const old of kept) await rm(old, { force: true }).catch(() => {});
}

function asideOf(path: string): string {
  return join(dirname(path), `.${process.pid}-${Math.random().toString(36).slice(2)}.tmp`);
}

async function writeAside(aside: string, { size, pieces }: NewFile): Promise<void> {
  const file = await open(aside, 'wx');
  try {
    for (const { offset, bytes } of pieces) await writeAt(file, bytes, offset);
    // Where the last piece is empty, or none is there.
    if ((await file.stat()).size < size) await file.truncate(size);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeAt(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, Math.min(CHUNK, bytes.length - at), offset + at);
    at += bytesWritten;
  }
}

async function requireNoFolder(path: string): Promise<void> {
  const status = await lstat(path).catch(() => undefined);
  if (status?.isDirectory()) throw new Error(`'${path}' is a folder`);
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** So that the renames are on disk too; some systems have no such thing. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder).catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
