import { type FileHandle, open, stat } from 'node:fs/promises';
import { readFailure } from '../read-failure.ts';
import { notAFile } from './kind-of-file.ts';

const WINDOW = 64 * 1024;

/** Reads a file at any place, a little of it in memory at a time. */
export class FileBytes {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly #handle: FileHandle;
  readonly #window = Buffer.alloc(WINDOW);
  /** Where the window begins, and how much of it is read. */
  #start = 0;
  #filled = 0;

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  /**
   * Does some work on a file, which is closed afterwards.
   *
   * @param fail makes the error of a file that can't be opened, or is none, from the reason
   */
  static async with<T>(
    path: string,
    fail: (reason: string, cause: unknown) => Error,
    work: (bytes: FileBytes) => Promise<T>,
  ): Promise<T> {
    let handle: FileHandle | undefined;
    try {
      const found = await stat(path).catch((error: unknown) => {
        throw fail(readFailure(error), error);
      });
      const fault = notAFile(found);
      if (fault !== undefined) throw fail(fault, undefined);
      handle = await open(path).catch((error: unknown) => {
        throw fail(readFailure(error), error);
      });
      return await work(new FileBytes(path, found.size, handle));
    } finally {
      await handle?.close();
    }
  }

  /**
   * Some bytes, of which there are as many as asked for unless the file ends before; they are good until the next call.
   *
   * @param length at most 64 KiB.
   */
  async at(offset: number, length: number): Promise<Buffer> {
    if (offset < this.#start || offset + length > this.#start + this.#filled) await this.#move(offset);
    const from = offset - this.#start;
    return this.#window.subarray(from, Math.max(from, Math.min(from + length, this.#filled)));
  }

  async #move(offset: number): Promise<void> {
    this.#start = offset;
    this.#filled = 0;
    while (this.#filled < WINDOW) {
      const at = offset + this.#filled;
      const { bytesRead } = await this.#handle.read(this.#window, this.#filled, WINDOW - this.#filled, at);
      if (bytesRead === 0) return;
      this.#filled += bytesRead;
    }
  }
}
