import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { reasonOf } from '@cf/core';
import { arrayTypeOf, parseSafetensors, type ShapedArray, tensorParts } from '@cf/data';
import { readExactly, readSafetensorsText } from '@cf/data/node';
import { RunFolderError } from '../errors.ts';
import { requireRegular } from '../settings/read-given.ts';
import { atomicWrite } from './atomic-write.ts';

/** Named tensors with text beside them, in the safetensors format: readable from Python as well. */
export interface TensorFile {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

export type Tensor = ShapedArray;

/** What a file with a checksum begins with, after the length of its header: the digest follows, 64 digits of hexadecimals. */
const CHECKSUM_AT = '{"__metadata__":{"sha256":"';
/** Bytes before the digest. */
const DIGEST_AT = 8 + CHECKSUM_AT.length;
const NO_DIGEST = '0'.repeat(64);

/** Bytes at a time: a system reads 2 GiB at most. */
const PIECE = 2 ** 26;

/** Writes a file whole or not at all. */
export function writeTensors(path: string, { tensors, metadata }: TensorFile): Promise<void> {
  return atomicWrite(path, tensorParts(Object.entries(tensors), metadata));
}

/**
 * The same, with a checksum of the whole file, taken with zeros in its own place: it is the first of the metadata, as `sha256`.
 *
 * @returns the checksum
 */
export async function writeSealed(path: string, file: TensorFile): Promise<string> {
  const { sha256: _, ...others } = file.metadata;
  const all = tensorParts(Object.entries(file.tensors), { sha256: NO_DIGEST, ...others });
  const hash = createHash('sha256');
  // No more than 2 GiB can be given at once.
  for (const part of all)
    for (let at = 0; at < part.length; at += PIECE) hash.update(part.subarray(at, at + PIECE));
  const digest = hash.digest('hex');
  all[0].set(new TextEncoder().encode(digest), DIGEST_AT);
  await atomicWrite(path, all);
  return digest;
}

/** What a file says beside its tensors, which are not read. @throws where there is none, or none that can be read */
export async function readMetadata(path: string): Promise<TensorFile['metadata']> {
  const file = await open(path);
  try {
    const { text } = await readSafetensorsText(file, (await file.stat()).size);
    return parseSafetensors(text).metadata;
  } finally {
    await file.close();
  }
}

/** @throws RunFolderError if the file is missing, cut short, not in the format, or other than its checksum says */
export async function readTensors(path: string): Promise<TensorFile> {
  let file: FileHandle;
  try {
    await requireRegular(path);
    file = await open(path);
  } catch (cause) {
    throw new RunFolderError(
      `'${path}', which can't be read (${reasonOf(cause)})`,
      'a safetensors file',
      'check the path.',
      cause,
    );
  }
  try {
    return await parse(file);
  } catch (cause) {
    throw new RunFolderError(
      `'${path}' (${reasonOf(cause)})`,
      'a whole safetensors file',
      'start a new run, or put back a copy of the file.',
      cause,
    );
  } finally {
    await file.close();
  }
}

async function parse(file: FileHandle): Promise<TensorFile> {
  const { size } = await file.stat();
  const { text, start } = await readSafetensorsText(file, size);
  const digest = text.startsWith(CHECKSUM_AT)
    ? text.slice(CHECKSUM_AT.length, CHECKSUM_AT.length + NO_DIGEST.length)
    : undefined;
  // Only so: a broken header may well be no JSON, and the checksum says more of what has happened.
  if (digest !== undefined) await requireDigest(file, size, digest);
  const { metadata, tensors: places } = parseSafetensors(text);
  const tensors: Record<string, Tensor> = {};
  for (const [name, place] of places) {
    const ArrayOf = arrayTypeOf(name, place, size - start);
    const { buffer } = await readExactly(file, start + place.from, place.to - place.from);
    tensors[name] = { shape: place.shape, data: new ArrayOf(buffer) };
  }
  return { tensors, metadata };
}

async function requireDigest(file: FileHandle, size: number, digest: string): Promise<void> {
  const hash: Hash = createHash('sha256');
  for (let at = 0; at < size; at += PIECE) {
    const bytes = await readExactly(file, at, Math.min(PIECE, size - at));
    if (at === 0) bytes.set(new TextEncoder().encode(NO_DIGEST), DIGEST_AT);
    hash.update(bytes);
  }
  if (hash.digest('hex') !== digest) throw new Error('damaged or cut short: its checksum is another');
}
