import { type FileHandle, open } from 'node:fs/promises';

/** Bytes at a time: a system reads 2 GiB at most. */
const PIECE = 2 ** 26;

/** Some bytes of a file; fewer where it ends before. */
export async function readSpan(path: string, offset: number, length: number): Promise<Uint8Array> {
  const handle = await open(path);
  try {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, await fill(handle, bytes, offset));
  } finally {
    await handle.close();
  }
}

/** All of some bytes of an open file, in a buffer of their own. @throws Error where it ends before */
export async function readExactly(
  handle: FileHandle,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  const found = await fill(handle, bytes, offset);
  if (found < length) throw new Error(`cut short at byte ${offset + found}`);
  return bytes;
}

/** @returns how many bytes there were */
async function fill(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(PIECE, bytes.length - done), offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
