import type { Communicator } from '@cf/core';
import type { RuntimeTensor } from '../runtime/onnx-runtime.ts';
import type { Targets } from './passes.ts';
import type { Tensors } from './runner.ts';
import { sumOverRanks } from './sum-over-ranks.ts';
import { floats } from './tensor-store.ts';

/**
 * Gradients added up over micro-batches. The first micro-batch is written in place; later ones beside it and then
 * added, in the order in which they come. Buffers are kept from update to update.
 */
export class GradientSum {
  readonly #names: readonly string[];
  #sum: Map<string, RuntimeTensor> = new Map();
  #last: Map<string, RuntimeTensor> = new Map();
  #count = 0;

  /** @param names of the parameters */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** Micro-batches added up. */
  get count(): number {
    return this.#count;
  }

  /** Sums by parameter; none where nothing was added. */
  sums(): readonly (readonly [string, RuntimeTensor])[] {
    if (this.#count === 0) return [];
    return this.#names.map((name) => [name, this.#sum.get(name)!]);
  }

  /** Where the next micro-batch goes; nothing for what is to be made. */
  targets(): Targets {
    const buffers = this.#count === 0 ? this.#sum : this.#last;
    return new Map(this.#names.map((name) => [name, buffers.get(name)]));
  }

  add(results: Tensors): void {
    if (this.#count === 0) this.#sum = new Map(results);
    else this.#last = new Map(results);
    if (this.#count > 0)
      for (const [name, tensor] of this.#last) addTo(floats(this.#sum.get(name)!), floats(tensor));
    this.#count++;
  }

  /** Adds those of other ranks. */
  async addRanks(ranks: Communicator): Promise<void> {
    await sumOverRanks(
      this.sums().map(([, sum]) => floats(sum)),
      ranks,
    );
  }

  clear(): void {
    this.#count = 0;
  }
}

function addTo(sum: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
}
