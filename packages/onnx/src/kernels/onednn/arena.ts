import { BackendError } from '@cf/core';
import type { OneDnnApi } from './api.ts';
import type { ForeignFunctions, Pointer } from './foreign-functions.ts';

/** One block of memory outside of JavaScript's. */
export class Arena {
  readonly bytes: number;
  readonly address: bigint;
  readonly #foreign: ForeignFunctions;
  #release: (() => void) | undefined;

  /** @throws BackendError where there is not as much memory */
  constructor(api: OneDnnApi, bytes: number) {
    this.#foreign = api.library.foreign;
    this.bytes = Math.max(PAGE, Math.ceil(bytes / PAGE) * PAGE);
    const { start, release } = onLargePages(this.#foreign, this.bytes) ?? ofLibrary(api, this.bytes);
    this.address = this.#foreign.address(start);
    this.#release = release;
  }

  /** Bytes of it, in place. */
  view(offset: number, bytes: number): ArrayBuffer {
    return this.#foreign.view(this.address + BigInt(offset), bytes);
  }

  /** Gives the memory back. */
  release(): void {
    this.#release?.();
    this.#release = undefined;
  }
}

interface Block {
  readonly start: Pointer;
  readonly release: () => void;
}

const PAGE = 4096;
const LARGE_PAGE = 2 ** 21;
/** `MADV_HUGEPAGE` */
const ON_LARGE_PAGES = 14;

/** Memory on pages of 2 MiB, which are looked up faster; `undefined` where the system is not known to have them. */
function onLargePages(foreign: ForeignFunctions, bytes: number): Block | undefined {
  if (process.platform !== 'linux' || bytes < LARGE_PAGE) return undefined;
  let system: ReturnType<ForeignFunctions['load']>;
  try {
    system = foreign.load('libc.so.6');
  } catch {
    return undefined;
  }
  const allocate = system.func('int posix_memalign(_Out_ void **start, size_t alignment, size_t bytes)');
  const free = system.func('void free(void *start)');
  const made: [Pointer | null] = [null];
  const [start] = allocate(made, LARGE_PAGE, bytes) === 0 ? made : [null];
  if (start === null)
    throw new BackendError(
      `${(bytes / 2 ** 30).toFixed(1)} GiB for what a training computes in`,
      'as much memory',
      'take smaller micro-batches.',
    );
  // Advice: what comes of it does not matter.
  system.func('int madvise(void *start, size_t bytes, int advice)')(start, bytes, ON_LARGE_PAGES);
  return { start, release: () => void free(start) };
}

/** `DNNL_MEMORY_ALLOCATE`: the library finds the memory. */
const ALLOCATE = -1;

function ofLibrary({ library, plain, engine }: OneDnnApi, bytes: number): Block {
  const make = library.maker(
    'int dnnl_memory_create(_Out_ void **made, void *layout, void *engine, intptr_t handle)',
  );
  const memory = make(plain([bytes / 64, 16]), engine, ALLOCATE);
  const start: [Pointer | null] = [null];
  library.plain('int dnnl_memory_get_data_handle(void *memory, _Out_ void **handle)')(memory, start);
  const destroy = library.plain('int dnnl_memory_destroy(void *memory)');
  return { start: start[0]!, release: () => void destroy(memory) };
}
