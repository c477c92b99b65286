import { createHash } from 'node:crypto';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CfError, reasonOf } from '@cf/core';
import { OnnxFileError, OnnxOpsetError } from '../errors.ts';
import { decodeModel } from '../model/codec.ts';
import {
  type ExternalFile,
  externalFiles,
  rangeKey,
  requireFiles,
  type TensorRange,
  withRanges,
} from '../model/external-data.ts';
import type { Model } from '../model/model.ts';
import { ReferenceProblems } from '../model/reference-problems.ts';
import { LARGEST_FILE } from '../model/tensor-bytes.ts';
import { isInside } from './is-inside.ts';

/** Bytes of one read: Node's own end at 2 GiB. */
const CHUNK = 2 ** 28;

/**
 * Reads a file of ONNX with all of its weights, those in side files too: each range into memory of its own, so that a
 * side file may have any size. Nothing outside of the model's folder is read.
 *
 * @throws OnnxFileError if the file is missing or no model, and naming all side files that are missing, too short,
 *   changed since they were exported (where the model holds their SHA-1) or outside of the folder
 * @throws OnnxOpsetError if its opset is not known
 */
export async function readModelFile(path: string): Promise<Model> {
  const bytes = await readWhole(path);
  const { model, files } = told(path, () => {
    const decoded = decodeModel(bytes);
    return { model: decoded, files: externalFiles(decoded) };
  });
  if (files.length === 0) return model;
  const folder = await realpath(dirname(path));
  const opened = new Map<string, FileHandle>();
  try {
    await openSideFiles(folder, files, opened);
    const sizes = new Map<string, number>();
    for (const [location, handle] of opened) sizes.set(location, (await handle.stat()).size);
    told(path, () => requireFiles(files, sizes));
    const read = new Map<string, Uint8Array<ArrayBuffer>>();
    // Two passes, since what maps a model does not wait.
    const wanted = new Map<string, TensorRange>();
    withRanges(model, (range) => {
      wanted.set(rangeKey(range), range);
      return new Uint8Array();
    });
    for (const [key, { location, offset, length }] of wanted)
      read.set(key, await readRange(opened.get(location)!, offset, length));
    await requireChecksums(path, files, opened);
    return withRanges(model, (range) => read.get(rangeKey(range))!);
  } finally {
    await Promise.all([...opened.values()].map((handle) => handle.close()));
  }
}

async function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    // To open a pipe may never end.
    if (!(await stat(path)).isFile()) throw new Error('not a file');
    const file = await open(path);
    try {
      const status = await file.stat();
      if (status.size > LARGEST_FILE)
        throw new Error(
          `${status.size} bytes, and a model has ${LARGEST_FILE} at most beside its side files`,
        );
      return await readRange(file, 0, status.size);
    } finally {
      await file.close();
    }
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = isMissing ? ', which does not exist' : ` (${reasonOf(cause)})`;
    throw new OnnxFileError(`'${path}'${why}`, 'an ONNX file', 'check the path.', cause);
  }
}

/** Fills `opened` with those that are files of the folder. @throws OnnxFileError naming all that leave it */
async function openSideFiles(
  folder: string,
  files: readonly ExternalFile[],
  opened: Map<string, FileHandle>,
): Promise<void> {
  const problems = new ReferenceProblems();
  for (const { location } of files) {
    try {
      // The folder as it is, links followed; what a link leads to is in it or refused.
      const real = await realpath(join(folder, location));
      if (!isInside(folder, real)) problems.add(`'${location}' is a link that leaves the model's folder`);
      else if (!(await stat(real)).isFile()) problems.add(`'${location}' is no file`);
      else opened.set(location, await open(real));
    } catch (cause) {
      const isMissing = ['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '');
      problems.add(`'${location}' ${isMissing ? 'is missing' : `can't be read (${reasonOf(cause)})`}`);
    }
  }
  problems.throwIfAny(`put the side files into '${folder}', as they were exported.`);
}

async function readRange(file: FileHandle, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(CHUNK, length - at), offset + at);
    if (bytesRead === 0)
      throw new OnnxFileError(`a file cut short at byte ${offset + at}`, 'a whole one', 'read it again.');
    at += bytesRead;
  }
  return bytes;
}

async function requireChecksums(
  path: string,
  files: readonly ExternalFile[],
  opened: ReadonlyMap<string, FileHandle>,
): Promise<void> {
  const problems = new ReferenceProblems();
  for (const { location, checksum } of files) {
    if (checksum === undefined) continue;
    const file = opened.get(location)!;
    const { size } = await file.stat();
    const hash = createHash('sha1');
    for (let at = 0; at < size; at += CHUNK)
      hash.update(await readRange(file, at, Math.min(CHUNK, size - at)));
    if (hash.digest('hex') !== checksum.toLowerCase())
      problems.add(`'${location}' is not the file that '${path}' was exported with (its SHA-1 differs)`);
  }
  problems.throwIfAny('put the side files of the same export beside the model.');
}

/** What is wrong inside, with the path. */
function told<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof OnnxOpsetError || !(cause instanceof CfError)) throw cause;
    throw new OnnxFileError(`'${path}' (${cause.given})`, cause.expected, cause.fix, cause);
  }
}
