import type { RawKernel } from './open-kernel.ts';

/** A kernel that no head uses any more. */
interface IdleKernel {
  readonly kernel: RawKernel;
  /** Numbers of its result, the last of which it may hold on to. */
  readonly numbers: number;
}

const MOST_KERNELS = 1024;
/** Each kernel in WebAssembly has a memory of its own, and a browser gives out about a hundred. */
const MOST_IN_WEBASSEMBLY = 32;
/** 16 MiB of results. */
const MOST_NUMBERS = 2 ** 22;

/**
 * Kernels of heads that were disposed, for the next one that asks for the same: compiling is what a short-lived head takes
 * longest for. What was put there first goes first when they become too many.
 */
export class IdleKernels {
  readonly #held: Map<string, IdleKernel[]> = new Map();
  readonly #most: number;
  #count = 0;
  #numbers = 0;

  constructor(mode: string) {
    this.#most = mode === 'webasm' ? MOST_IN_WEBASSEMBLY : MOST_KERNELS;
  }

  get size(): number {
    return this.#count;
  }

  /** A kernel that was put there under this key, which is the caller's from now on. */
  take(key: string): RawKernel | undefined {
    const idle = this.#held.get(key)?.pop();
    if (idle !== undefined) this.#gone(key, idle);
    return idle?.kernel;
  }

  /** Keeps a kernel, or destroys it where its result is large. */
  put(key: string, kernel: RawKernel, numbers: number): void {
    const others = this.#held.get(key) ?? [];
    // At the end of the map's order.
    this.#held.delete(key);
    this.#held.set(key, [...others, { kernel, numbers }]);
    this.#count++;
    this.#numbers += numbers;
    while (this.#count > this.#most || this.#numbers > MOST_NUMBERS) this.#destroyFirst();
  }

  /** Destroys all of them. */
  dispose(): void {
    while (this.#count > 0) this.#destroyFirst();
  }

  #destroyFirst(): void {
    const [key, idle] = this.#held.entries().next().value!;
    const first = idle.shift()!;
    this.#gone(key, first);
    first.kernel.destroy();
  }

  #gone(key: string, { numbers }: IdleKernel): void {
    this.#count--;
    this.#numbers -= numbers;
    if (this.#held.get(key)!.length === 0) this.#held.delete(key);
  }
}
