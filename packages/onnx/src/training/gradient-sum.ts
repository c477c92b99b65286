import type { Communicator } from '@cf/core';
import type { RuntimeTensor } from '../runtime/onnx-runtime.ts';
import type { Targets } from './passes.ts';
import type { Tensors } from './runner.ts';
import { RankSums } from './sum-over-ranks.ts';
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
  /** What goes to other ranks before the last micro-batch has ended. */
  #begun: { readonly sums: RankSums; readonly names: Set<string> } | undefined;

  /** @param names of the parameters */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** Micro-batches added up. */
  get count(): number {
    return this.#count;
  }

  /** Whether they are on their way to other ranks. */
  get isBegun(): boolean {
    return this.#begun !== undefined;
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

  /**
   * Takes the gradients of the last micro-batch of an update one by one, before `add` has all, and sums each over the ranks
   * while others are still computed.
   *
   * @returns takes a gradient, and tells whether a call to the other ranks was begun
   */
  beginSums(ranks: Communicator): (name: string, gradient: RuntimeTensor) => boolean {
    const [sums, names] = [new RankSums(ranks), new Set<string>()];
    this.#begun = { sums, names };
    return (name, gradient) => {
      const own = this.#count === 0 ? gradient : this.#sum.get(name)!;
      if (this.#count > 0) addTo(floats(own), floats(gradient));
      names.add(name);
      return sums.add(floats(own));
    };
  }

  add(results: Tensors): void {
    if (this.#count === 0) this.#sum = new Map(results);
    else this.#last = new Map(results);
    if (this.#count > 0)
      for (const [name, tensor] of this.#last)
        if (!this.#begun?.names.has(name)) addTo(floats(this.#sum.get(name)!), floats(tensor));
    this.#count++;
  }

  /** Adds those of other ranks, where that has not begun. */
  async addRanks(ranks: Communicator): Promise<void> {
    const { sums, names } = this.#begun ?? { sums: new RankSums(ranks), names: new Set() };
    for (const [name, sum] of this.sums()) if (!names.has(name)) sums.add(floats(sum));
    await sums.end();
    this.#begun = undefined;
  }

  clear(): void {
    this.#count = 0;
    this.#begun = undefined;
  }
}

function addTo(sum: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
}
