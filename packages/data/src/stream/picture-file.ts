import { randomUUID } from 'node:crypto';
import { close, open, read, write } from 'node:fs';
import { readdir, rm, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { getSystemErrorName, promisify } from 'node:util';

/** Where decoded pictures that do not fit into memory are kept. */
export interface DiskOptions {
  /** Of the file that holds them, such as that of a run. A temporary folder may lie in memory. */
  readonly folder: string;
  /** Of that file; by default a tenth of what is free there. */
  readonly maxBytes?: number;
}

/** Decoded pictures in a file, one after the other, as threads are told of them: a descriptor is of the whole process. */
export interface PicturesOnDisk {
  /** Bytes a picture. */
  readonly size: number;
  readonly descriptor: number;
  /** Where each picture lies; below 0 where it does not: `[N]`. */
  readonly slots: Int32Array<SharedArrayBuffer>;
  /** 0, or why nothing is read from it any more: a number of the system's, or one of these: `[1]`. */
  readonly ended: Int32Array<SharedArrayBuffer>;
}

const [CLOSED, TOO_SHORT] = [1, 2];
const [openFile, closeFile, readAt, writeAt] = [open, close, read, write].map((call) =>
  promisify(call),
) as unknown as [
  typeof open.__promisify__,
  typeof close.__promisify__,
  typeof read.__promisify__,
  typeof write.__promisify__,
];
const NAME = /^decoded-pictures\.[0-9a-f-]{36}\.raw$/;

/**
 * A file of decoded pictures that this process writes once, in the order in which they come.
 *
 * It is there when the first one comes, and has no name from then on where the system allows that, so that nothing can
 * leave it behind. Elsewhere it goes when it is closed, or when the next one is opened in its folder.
 */
export class PictureFile {
  readonly #options: DiskOptions;
  readonly #count: number;
  readonly #size: number;
  readonly #tell: (line: string) => void;
  #capacity = Number.POSITIVE_INFINITY;
  #taken = 0;
  #path: string | undefined;
  #pictures: PicturesOnDisk | undefined;

  /** @param tell hears once where pictures can't be kept, or can't be read any more */
  constructor(options: DiskOptions, count: number, size: number, tell: (line: string) => void) {
    this.#options = options;
    this.#count = count;
    this.#size = size;
    this.#tell = tell;
  }

  /** What threads read from; undefined where there is nothing. */
  get pictures(): PicturesOnDisk | undefined {
    return this.#pictures;
  }

  /** How many pictures lie in it. */
  get kept(): number {
    return this.#pictures === undefined || Atomics.load(this.#pictures.ended, 0) !== 0 ? 0 : this.#taken;
  }

  /** Keeps a picture where there is room. A file that can't be written is given up: the disk is wanted for other things. */
  async keep(index: number, pixels: Uint8Array): Promise<void> {
    if (this.#taken >= this.#capacity) return;
    try {
      this.#pictures ??= await this.#open();
      if (this.#pictures === undefined) return;
      const { descriptor, slots } = this.#pictures;
      const size = this.#size;
      const { bytesWritten } = await writeAt(descriptor, pixels, 0, size, this.#taken * size);
      if (bytesWritten < size) throw Object.assign(new Error(), { code: 'the disk is full' });
      slots[index] = this.#taken++;
    } catch (error) {
      const { code = String(error) } = error as NodeJS.ErrnoException;
      this.#capacity = 0;
      await this.close();
      this.#tell(
        `decoded pictures can't be kept on disk, in ${this.#options.folder} (${code}): they are decoded again`,
      );
    }
  }

  /** Tells, once, where reading has failed. */
  tellFailure(): void {
    if (this.#pictures === undefined) return;
    const { ended } = this.#pictures;
    const why = Atomics.load(ended, 0);
    if (why === 0 || Atomics.exchange(ended, 0, CLOSED) === CLOSED) return;
    const reason = why === TOO_SHORT ? 'it has become shorter' : getSystemErrorName(why);
    this.#tell(`the file of decoded pictures can't be read any more (${reason}): they are decoded again`);
  }

  /** Nothing is read from it afterwards. */
  async close(): Promise<void> {
    if (this.#pictures === undefined) return;
    const { descriptor, ended } = this.#pictures;
    this.#pictures = undefined;
    Atomics.store(ended, 0, CLOSED);
    // Nothing in it is of use any more: that it can't be closed loses nothing.
    await closeFile(descriptor).catch(() => {});
    if (this.#path !== undefined) await rm(this.#path, { force: true });
  }

  async #open(): Promise<PicturesOnDisk | undefined> {
    const { folder } = this.#options;
    for (const name of await readdir(folder))
      if (NAME.test(name)) await rm(join(folder, name), { force: true });
    const { maxBytes = await defaultBytes(folder) } = this.#options;
    this.#capacity = Math.floor(maxBytes / this.#size);
    if (this.#capacity === 0) return undefined;
    const path = join(folder, `decoded-pictures.${randomUUID()}.raw`);
    const descriptor = await openFile(path, 'wx+', 0o600);
    this.#path = await unlink(path).then(
      () => undefined,
      () => path,
    );
    const slots = new Int32Array(new SharedArrayBuffer(4 * this.#count)).fill(-1);
    return { size: this.#size, descriptor, slots, ended: new Int32Array(new SharedArrayBuffer(4)) };
  }
}

/** The bytes of a picture that lies on disk; undefined where it does not, or can't be read. */
export async function pixelsOnDisk(
  { size, descriptor, slots, ended }: PicturesOnDisk,
  index: number,
): Promise<Uint8Array | undefined> {
  const slot = slots[index]!;
  if (slot < 0 || Atomics.load(ended, 0) !== 0) return undefined;
  const pixels = new Uint8Array(size);
  try {
    const { bytesRead } = await readAt(descriptor, pixels, 0, size, slot * size);
    if (bytesRead === size) return pixels;
    Atomics.compareExchange(ended, 0, 0, TOO_SHORT);
  } catch (error) {
    Atomics.compareExchange(ended, 0, 0, (error as NodeJS.ErrnoException).errno ?? TOO_SHORT);
  }
  return undefined;
}

async function defaultBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return Math.floor((bavail * bsize) / 10);
}
