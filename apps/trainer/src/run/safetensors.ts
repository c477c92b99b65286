import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { RunFolderError, reasonOf } from '../errors.ts';
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
  const header: Record<string, unknown> = { __metadata__: metadata };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, data }] of Object.entries(file.tensors)) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const dtype = data instanceof Float32Array ? 'F32' : 'F64';
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    parts.push(bytes);
    offset += bytes.length;
  }
  // Padded with spaces, so that the numbers begin at a multiple of 8.
  const text = JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const padded = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20);
  padded.set(json);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  const all = [length, padded, ...parts];
  if (checksum) {
    const hash = createHash('sha256');
    // No more than 2 GiB can be given at once.
    for (const part of all)
      for (let at = 0; at < part.length; at += PIECE) hash.update(part.subarray(at, at + PIECE));
    padded.set(new TextEncoder().encode(hash.digest('hex')), CHECKSUM_AT.length);
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

/** Where a tensor lies, in bytes after the header. */
interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

async function parse(file: FileHandle): Promise<TensorFile> {
  const { size } = await file.stat();
  if (size < 8) throw new Error(`only ${size} bytes`);
  const length = await readBytes(file, 0, 8);
  const start = 8 + Number(new DataView(length.buffer).getBigUint64(0, true));
  if (start > size) throw new Error(`header of ${start - 8} bytes in a file of ${size}`);
  const header = await readBytes(file, 8, start - 8);
  const text = new TextDecoder().decode(header);
  const digest = text.startsWith(CHECKSUM_AT)
    ? text.slice(CHECKSUM_AT.length, CHECKSUM_AT.length + NO_DIGEST.length)
    : undefined;
  // Only so: a broken header may well be no JSON, and the checksum says more of what has happened.
  if (digest !== undefined) await requireDigest(file, size, digest);
  const { __metadata__: metadata = {}, ...given } = JSON.parse(text) as Record<string, unknown>;
  const tensors: Record<string, Tensor> = {};
  for (const entry of Object.entries(given).map(([name, value]) => entryOf(name, value))) {
    const { name, dtype, shape, from, to } = entry;
    const Type = TYPES[dtype as keyof typeof TYPES];
    if (Type === undefined) throw new Error(`tensor '${name}' of type ${dtype}`);
    if (!(from >= 0 && to >= from)) throw new Error(`tensor '${name}' from byte ${from} to ${to}`);
    if (start + to > size)
      throw new Error(`cut short: tensor '${name}' ends at byte ${start + to} of ${size}`);
    const count = shape.reduce((product, n) => product * n, 1);
    if ((to - from) / Type.BYTES_PER_ELEMENT !== count)
      throw new Error(`tensor '${name}' has ${to - from} bytes for [${shape}]`);
    const { buffer } = await readBytes(file, start + from, to - from);
    tensors[name] = { shape, data: new Type(buffer) };
  }
  return { tensors, metadata: metadata as Record<string, string> };
}

function entryOf(name: string, value: unknown): Entry {
  const {
    dtype,
    shape,
    data_offsets: [from, to],
  } = value as { dtype: string; shape: number[]; data_offsets: [number, number] };
  return { name, dtype, shape, from, to };
}

/** Bytes in a buffer of their own. */
async function readBytes(file: FileHandle, from: number, count: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(count);
  for (let done = 0; done < count; ) {
    const { bytesRead } = await file.read(bytes, done, Math.min(PIECE, count - done), from + done);
    if (bytesRead === 0) throw new Error(`cut short at byte ${from + done}`);
    done += bytesRead;
  }
  return bytes;
}

async function requireDigest(file: FileHandle, size: number, digest: string): Promise<void> {
  const hash: Hash = createHash('sha256');
  const place = 8 + CHECKSUM_AT.length;
  for (let at = 0; at < size; at += PIECE) {
    const bytes = await readBytes(file, at, Math.min(PIECE, size - at));
    if (at === 0) bytes.set(new TextEncoder().encode(NO_DIGEST), place);
    hash.update(bytes);
  }
  if (hash.digest('hex') !== digest) throw new Error('damaged or cut short: its checksum is another');
}
