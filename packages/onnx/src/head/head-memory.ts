import type { Allocate } from '@cf/core';

/**
 * Arrays that a head keeps from step to step: the page faults of fresh ones cost more than the arithmetic done on
 * them, and memory does not wait for the garbage collector.
 */
export class HeadMemory {
  readonly #named: Map<string, Float32Array> = new Map();
  readonly #numbered: Float64Array[] = [];

  /** The array of that name, of at least `length` and cut to it; its content is what was last written there. */
  array(name: string, length: number): Float32Array {
    let array = this.#named.get(name);
    if (array === undefined || array.length < length) {
      array = new Float32Array(length);
      this.#named.set(name, array);
    }
    return array.subarray(0, length);
  }

  /** Hands out zeroed arrays for one step, in the order of the requests; those of earlier steps are used again. */
  allocator(): Allocate {
    let next = 0;
    return (length) => {
      const index = next++;
      const array = this.#numbered[index];
      if (array?.length === length) return array.fill(0);
      const fresh = new Float64Array(length);
      this.#numbered[index] = fresh;
      return fresh;
    };
  }

  clear(): void {
    this.#named.clear();
    this.#numbered.length = 0;
  }
}
