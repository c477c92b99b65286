import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { reasonOf } from '@cf/core';
import { parseSafetensors, safetensorsHeader, type TensorPlace } from '@cf/data';
import { readExactly, readSafetensorsText } from '@cf/data/node';
import { sizeOf } from '@cf/onnx';
import { RunFolderError } from '../errors.ts';
import { requireRegular } from '../settings/read-given.ts';
import { atomicWrite } from './atomic-write.ts';

/** Named tensors with text beside them, in the safetensors format: readable from Python as well. */
export interface TensorFile {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

const TYPES = { F32: Float32Array, F64: Float64Array } as const;

/** What a file with a checksum begins with, after the length of its header: the digest follows, 64 digits of hexadecimals. */
const CHECKSUM_AT = '{"__metadata__":{"sha256":"';
/** Bytes before the digest. */
const DIGEST_AT = 8 + CHECKSUM_AT.length;
const NO_DIGEST = '0'.repeat(64);

/** Bytes at a time: a system reads 2 GiB at most. */
const PIECE = 2 ** 26;

/**
 * Writes a file whole or not at all.
 *
 * @param checksum of the whole file, with zeros in its own place: it is the first of the metadata, as `sha256`
 */
export async function writeTensors(
  path: string,
  file: TensorFile,
  { checksum = false }: { readonly checksum?: boolean } = {},
): Promise<void> {
  const { sha256: _, ...others } = file.metadata;
  const metadata = checksum ? { sha256: NO_DIGEST, ...others } : file.metadata;
  const places: Record<string, TensorPlace> = {};
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, data }] of Object.entries(file.tensors)) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const dtype = data instanceof Float32Array ? 'F32' : 'F64';
    places[name] = { dtype, shape, from: offset, to: offset + bytes.length };
    parts.push(bytes);
    offset += bytes.length;
  }
  const header = safetensorsHeader(metadata, places);
  const all = [header, ...parts];
  if (checksum) {
    const hash = createHash('sha256');
    // No more than 2 GiB can be given at once.
    for (const part of all)
      for (let at = 0; at < part.length; at += PIECE) hash.update(part.subarray(at, at + PIECE));
    header.set(new TextEncoder().encode(hash.digest('hex')), DIGEST_AT);
  }
  await atomicWrite(path, all);
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
  for (const [name, { dtype, shape, from, to }] of places) {
    const Type = TYPES[dtype as keyof typeof TYPES];
    if (Type === undefined) throw new Error(`tensor '${name}' of type ${dtype}`);
    if (start + to > size)
      throw new Error(`cut short: tensor '${name}' ends at byte ${start + to} of ${size}`);
    const count = sizeOf(shape);
    if ((to - from) / Type.BYTES_PER_ELEMENT !== count)
      throw new Error(`tensor '${name}' has ${to - from} bytes for [${shape}]`);
    const { buffer } = await readExactly(file, start + from, to - from);
    tensors[name] = { shape, data: new Type(buffer) };
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
