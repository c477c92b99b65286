import { closeSync, constants, ftruncateSync, openSync, writeSync } from 'node:fs';
import { BackendError, type OptionNames, requireInteger, requireKnownOptions } from '@cf/core';
import type { ForeignFunctions } from '../kernels/onednn/foreign-functions.ts';

/** Numbers in a file, which the system reads and writes as they are used. */
export interface MappedFloats {
  /** [length]. What is written here is in the file, at the latest after `flush`; not to be read after `close`. */
  readonly values: Float32Array;
  /**
   * Puts numbers in their place from `from` on, through the file, where `values` shows them at once. For many numbers that is several
   * times as fast as to write to `values`: the system is called once, and not for each page.
   *
   * @throws where the disk has no room
   */
  write(from: number, numbers: Float32Array): void;
  /** Waits until all of it is on the disk. */
  flush(): void;
  /** Ends the mapping; the file stays. */
  close(): void;
}

export interface MapFloatsOptions {
  /** Made where it is missing, and as long as the numbers are: new ones are 0. */
  readonly path: string;
  readonly length: number;
  /** The package `koffi`, which calls the system: `import koffi from 'koffi'`. */
  readonly koffi: ForeignFunctions;
}

const OPTIONS: OptionNames<MapFloatsOptions> = { path: true, length: true, koffi: true };

const [READ_WRITE, SHARED, SYNCHRONOUS] = [3, 1, 4];
const MACOS_SYNCHRONOUS = 16;

/**
 * A file of float32 numbers as an array, larger than memory if need be (`mmap`), such as class centers and their momentum.
 *
 * @throws BackendError where the system has no `mmap`, such as Windows, or refuses
 * @throws OptionOutOfRangeError for a length that is no positive integer
 */
export function mapFloats(options: MapFloatsOptions): MappedFloats {
  requireKnownOptions('mapFloats', options, OPTIONS);
  const { path, length, koffi } = options;
  requireInteger('length', length, 1, Number.MAX_SAFE_INTEGER / 4);
  const { platform } = process;
  if (platform !== 'linux' && platform !== 'darwin')
    throw new BackendError(`mmap on ${platform}`, 'Linux or macOS', 'keep the numbers in memory there.');
  const system = koffi.load(null);
  const mmap = system.func('void *mmap(void *, size_t, int, int, int, int64_t)');
  const msync = system.func('int msync(void *, size_t, int)');
  const munmap = system.func('int munmap(void *, size_t)');
  const bytes = Float32Array.BYTES_PER_ELEMENT * length;
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT);
  let pointer: bigint | null;
  try {
    ftruncateSync(file, bytes);
    pointer = mmap(null, bytes, READ_WRITE, SHARED, file, 0) as bigint | null;
  } catch (error) {
    closeSync(file);
    throw error;
  }
  if (pointer === null || BigInt.asIntN(64, pointer) === -1n) {
    closeSync(file);
    throw new BackendError(
      `a refusal of mmap for ${bytes} bytes of ${path}`,
      'a mapping',
      'free address space.',
    );
  }
  const view = koffi.view(pointer, bytes);
  return {
    values: new Float32Array(view),
    write(from, numbers) {
      requireInteger('from', from, 0, length - numbers.length);
      const own = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
      const at = Float32Array.BYTES_PER_ELEMENT * from;
      for (let done = 0; done < own.length; )
        done += writeSync(file, own, done, own.length - done, at + done);
    },
    flush() {
      if (msync(pointer, bytes, platform === 'darwin' ? MACOS_SYNCHRONOUS : SYNCHRONOUS) !== 0)
        throw new BackendError(`${path}, which could not be written`, 'room on the disk', 'make room.');
    },
    close() {
      munmap(pointer, bytes);
      closeSync(file);
    },
  };
}
