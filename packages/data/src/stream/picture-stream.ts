import { availableParallelism } from 'node:os';
import { type OptionNames, OptionOutOfRangeError, requireKnownOptions } from '@cf/core';
import { type AugmentOptions, checkAugmentation } from '../augmentation/augment-options.ts';
import type { AugmentKey } from '../augmentation/draw-augmentation.ts';
import { checkInteger, checkNumber } from '../checks.ts';
import { UnreadableImageError } from '../errors.ts';
import { checkSize, type DecodeOptions } from '../image/decode.ts';
import { decodingBudget } from '../image/decoding-budget.ts';
import { toPlanes } from '../image/transform.ts';
import { type ImageProblem, imageProblem } from '../problem.ts';
import type { ImageStore, StoreProgress } from '../store/image-store.ts';
import { decodePicture, type StreamedPicture } from './decode-picture.ts';
import { type KeptPictures, keepPicture, keptCount, roomFor } from './kept-pictures.ts';
import { type BatchTask, type DecodedPictures, makeBatch } from './make-batch.ts';
import { type DiskOptions, PictureFile } from './picture-file.ts';
import { readAhead } from './read-ahead.ts';
import { WorkerPool } from './worker-pool.ts';

/** How {@link openPictureStream} reads. */
export interface PictureStreamOptions extends Required<DecodeOptions> {
  /** Bytes of decoded pictures that are kept; by default half of the memory that is free. */
  readonly maxBytes?: number;
  /** A file for those that do not fit; without it, and without room in it, they are decoded again. */
  readonly disk?: DiskOptions;
  /**
   * Threads that make batches ahead of their use; 0 makes them on this one. By default none where all pictures fit and are
   * hardly changed, else one for every two processors, eight at most.
   */
  readonly workers?: number;
  /** What will be done to pictures, for the choice of `workers`. */
  readonly augmentation?: AugmentOptions;
  /** True stops at the first unreadable picture. By default true only without `onProblem`: no skip goes unheard. */
  readonly strict?: boolean;
  /** Hears of each picture that is skipped, in the order of the list. */
  readonly onProblem?: (problem: ImageProblem) => void;
  /** Hears where `disk` can't be used, or not any more: once, in a line. */
  readonly onNote?: (line: string) => void;
  /** Hears of each picture that was read. */
  readonly onProgress?: (progress: StoreProgress) => void;
  /** Ends the opening, which throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A batch that is asked for. */
export interface PictureRequest {
  /** Positions among the pictures that can be read: `[B]`. */
  readonly samples: ArrayLike<number>;
  /** What is done to them; nothing by default. */
  readonly augmentation?: { readonly options: AugmentOptions; readonly key: AugmentKey };
}

/** Pictures of one size, as many as there are: some in memory, some on disk, the others decoded when they are asked for. */
export interface PictureStream {
  /** N, of the pictures that can be read. */
  readonly count: number;
  /** C: 1 is grey, 3 is RGB. */
  readonly channels: 1 | 3;
  /** H, in pixels. */
  readonly height: number;
  /** W, in pixels. */
  readonly width: number;
  /** Where each picture stands in the list; those that could not be read are not there: `[N]`. */
  readonly indices: Int32Array;
  /** How many lie in memory now. */
  readonly kept: number;
  /** How many others lie on disk, decoded. */
  readonly onDisk: number;
  /** Threads that make batches. */
  readonly workers: number;
  /**
   * Batches in the order of the requests, `[B, C, H, W]`, 0 … 255, a few of them made ahead. They depend on the requests
   * alone: not on threads, memory or time. The iteration ends early by `return`.
   *
   * @throws OptionOutOfRangeError for a position or an augmentation out of range
   * @throws UnreadableImageError for a picture that can't be read any more
   */
  batches(requests: Iterable<PictureRequest>): AsyncGenerator<Float32Array, void, undefined>;
  /** Ends the threads, and removes what was kept on disk. */
  close(): Promise<void>;
}

const DISK: OptionNames<DiskOptions> = { folder: true, maxBytes: true };
const OPTIONS: OptionNames<PictureStreamOptions> = {
  maxBytes: true,
  disk: true,
  workers: true,
  augmentation: true,
  strict: true,
  onProblem: true,
  onNote: true,
  onProgress: true,
  signal: true,
  width: true,
  height: true,
  channels: true,
};

/**
 * Looks at every picture once, keeps what fits into memory and on disk, and gives batches of all of them.
 *
 * Unreadable pictures are skipped, reported and refused as `loadImages` does it.
 *
 * @throws UnreadableImageError in strict mode. The signal's reason when it is raised.
 */
export async function openPictureStream(
  sources: readonly StreamedPicture[],
  options: PictureStreamOptions,
): Promise<PictureStream> {
  requireKnownOptions('openPictureStream', options, OPTIONS);
  if (options.disk !== undefined) requireKnownOptions('openPictureStream.disk', options.disk, DISK);
  const { width, height, channels, maxBytes = defaultMemory(), onProblem, onProgress, signal } = options;
  const { strict = onProblem === undefined, augmentation } = options;
  checkSize(options);
  checkNumber('maxBytes', maxBytes, 0, Number.MAX_SAFE_INTEGER);
  checkNumber('disk.maxBytes', options.disk?.maxBytes ?? 0, 0, Number.MAX_SAFE_INTEGER);
  checkInteger('workers', options.workers ?? 0, 0, 1024);
  if (augmentation !== undefined) checkAugmentation(augmentation);
  const shape = { width, height, channels };
  const size = channels * height * width;
  const kept = roomFor(sources.length, size, maxBytes);
  const { disk, onNote = () => {} } = options;
  const file = disk && new PictureFile(disk, sources.length, size, onNote);
  const indices = new Int32Array(sources.length);
  let count = 0;
  const read = async (source: StreamedPicture) => {
    try {
      return { source, image: await decodePicture(source, shape) };
    } catch (error) {
      return { source, error };
    }
  };
  const pixels = new Uint8Array(size);
  let index = 0;
  try {
    for await (const found of readAhead(sources, 4 * availableParallelism(), read)) {
      signal?.throwIfAborted();
      if ('error' in found) {
        const { error } = found;
        if (strict || !(error instanceof UnreadableImageError)) throw error;
        onProblem?.(imageProblem(error.kind, error.path, error.reason));
      } else {
        toPlanes(found.image, pixels, 0);
        if (!keepPicture(kept, index, pixels)) await file?.keep(index, pixels);
        indices[count++] = index;
      }
      index++;
      onProgress?.({ done: index, total: sources.length });
    }
  } catch (error) {
    await file?.close();
    throw error;
  }
  const { workers = defaultWorkers(count > keptCount(kept), augmentation) } = options;
  const places = indices.slice(0, count);
  const readable = { indices: places, places, sources, shape };
  return new Stream(readable, { kept, file }, workers);
}

/** A store as a stream: all of it lies in memory. */
export function streamOfStore({
  count,
  channels,
  height,
  width,
  indices,
  pixels,
}: ImageStore): PictureStream {
  const size = channels * height * width;
  const kept = roomFor(count, size, count * size);
  for (let at = 0; at < count; at++) keepPicture(kept, at, pixels.subarray(at * size, (at + 1) * size));
  const places = Int32Array.from({ length: count }, (_, at) => at);
  return new Stream({ indices, places, sources: [], shape: { width, height, channels } }, { kept }, 0);
}

/** Half of the memory that this process may still take. */
function defaultMemory(): number {
  return Math.floor(process.availableMemory() / 2);
}

function defaultWorkers(readsAgain: boolean, augmentation: AugmentOptions | undefined): number {
  const { flip, shift, ...others } = augmentation ?? { flip: false, shift: 0 };
  const changes = Object.values(others).some((strength) => (strength ?? 0) > 0);
  // Training fills the processors as it is: a thread more than needed takes from it.
  return readsAgain || changes ? Math.min(8, Math.max(1, Math.floor(availableParallelism() / 2))) : 0;
}

async function* onDemand(
  requests: Iterable<PictureRequest>,
  make: (request: PictureRequest) => Promise<Float32Array>,
): AsyncGenerator<Float32Array, void, undefined> {
  for (const request of requests) yield await make(request);
}

interface Readable {
  readonly indices: Int32Array;
  /** Where each lies in `sources` and in memory. */
  readonly places: Int32Array;
  readonly sources: readonly StreamedPicture[];
  readonly shape: Required<DecodeOptions>;
}

interface Places {
  readonly kept: KeptPictures;
  readonly file?: PictureFile | undefined;
}

class Stream implements PictureStream {
  readonly count: number;
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly indices: Int32Array;
  readonly workers: number;
  readonly #readable: Readable;
  readonly #kept: KeptPictures;
  readonly #file: PictureFile | undefined;
  readonly #making = new Set<Promise<Float32Array>>();
  /** Started when a batch is asked for. */
  #pool: WorkerPool | undefined;

  constructor(readable: Readable, { kept, file }: Places, workers: number) {
    const { indices, places, shape } = readable;
    this.count = places.length;
    this.channels = shape.channels;
    this.height = shape.height;
    this.width = shape.width;
    this.indices = indices;
    this.workers = workers;
    this.#readable = readable;
    this.#kept = kept;
    this.#file = file;
  }

  get kept(): number {
    return keptCount(this.#kept);
  }

  get onDisk(): number {
    return this.#file?.kept ?? 0;
  }

  batches(requests: Iterable<PictureRequest>): AsyncGenerator<Float32Array, void, undefined> {
    const make = (request: PictureRequest): Promise<Float32Array> => this.#make(request);
    // In this thread nothing is gained by making one before it is asked for.
    return this.workers === 0 ? onDemand(requests, make) : readAhead(requests, 2 * this.workers, make);
  }

  async close(): Promise<void> {
    await this.#pool?.close();
    this.#pool = undefined;
    // A descriptor that is read from must not become another file's.
    await Promise.allSettled(this.#making);
    await this.#file?.close();
  }

  async #make(request: PictureRequest): Promise<Float32Array> {
    const making = this.#batch(this.#taskOf(request));
    this.#making.add(making);
    try {
      return await making;
    } finally {
      this.#making.delete(making);
      this.#file?.tellFailure();
    }
  }

  #batch(task: BatchTask): Promise<Float32Array> {
    const decoded: DecodedPictures = { inMemory: this.#kept, onDisk: this.#file?.pictures };
    if (this.workers === 0) return makeBatch(task, decoded, availableParallelism());
    const atOnce = Math.max(1, Math.ceil(availableParallelism() / this.workers));
    this.#pool ??= new WorkerPool(this.workers, { decoded, atOnce, decoding: decodingBudget().buffer });
    return this.#pool.run(task);
  }

  #taskOf({ samples, augmentation }: PictureRequest): BatchTask {
    const { places, sources, shape } = this.#readable;
    const own = Array.from(samples, (sample, b) => {
      if (Number.isInteger(sample) && sample >= 0 && sample < this.count) return places[sample]!;
      throw new OptionOutOfRangeError(`samples[${b}]`, sample, `an integer in [0, ${this.count})`);
    });
    if (augmentation !== undefined) checkAugmentation(augmentation.options);
    const { slots } = this.#kept;
    return {
      samples: Array.from(samples),
      indices: own,
      sources: own.map((index) => (Atomics.load(slots, index) >= 0 ? undefined : sources[index])),
      shape,
      ...(augmentation && { augmentation }),
    };
  }
}
