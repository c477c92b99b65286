import type { OneDnnApi } from './api.ts';
import type { Pointer } from './foreign-functions.ts';

/** `DNNL_MEMORY_ALLOCATE`: the library finds the memory. */
const ALLOCATE = -1;

/** One block of memory outside of JavaScript's. */
export class Arena {
  readonly bytes: number;
  readonly address: bigint;
  readonly #api: OneDnnApi;
  readonly #memory: Pointer;
  #isReleased = false;

  /** @throws BackendError where there is not as much memory */
  constructor(api: OneDnnApi, bytes: number) {
    const { maker, plain, foreign } = api.library;
    this.#api = api;
    this.bytes = Math.max(64, Math.ceil(bytes / 64) * 64);
    // An axis of 16 float32: its length may be more than a 32-bit integer holds in bytes, not in numbers.
    const layout = api.plain([this.bytes / 64, 16]);
    this.#memory = maker(
      'int dnnl_memory_create(_Out_ void **made, void *layout, void *engine, intptr_t handle)',
    )(layout, api.engine, ALLOCATE);
    const start: [Pointer | null] = [null];
    plain('int dnnl_memory_get_data_handle(void *memory, _Out_ void **handle)')(this.#memory, start);
    this.address = foreign.address(start[0]!);
  }

  /** Bytes of it, in place. */
  view(offset: number, bytes: number): ArrayBuffer {
    const { foreign } = this.#api.library;
    return foreign.view(this.address + BigInt(offset), bytes);
  }

  /** Gives the memory back. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#api.library.plain('int dnnl_memory_destroy(void *memory)')(this.#memory);
  }
}
