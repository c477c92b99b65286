import type { TensorData } from '../model/tensor.ts';
import type { RuntimeTensor } from '../runtime/onnx-runtime.ts';
import type { Tensors } from './runner.ts';
import { floats } from './tensor-store.ts';

/**
 * Gradients added up over micro-batches. The first micro-batch is written in place; later ones beside it and then
 * added, in the order in which they come. Buffers are kept from update to update.
 */
export class GradientSum {
  readonly #outputs: readonly string[];
  #sum: Map<string, RuntimeTensor> = new Map();
  #last: Map<string, RuntimeTensor> = new Map();
  #count = 0;

  /** @param outputs names of the gradients among the outputs of the backward pass */
  constructor(outputs: readonly string[]) {
    this.#outputs = outputs;
  }

  /** Micro-batches added up. */
  get count(): number {
    return this.#count;
  }

  get sum(): Tensors {
    return this.#sum;
  }

  /** Where the next micro-batch goes; nothing for what the runtime is to allocate. */
  targets(): ReadonlyMap<string, RuntimeTensor | undefined> {
    const buffers = this.#count === 0 ? this.#sum : this.#last;
    return new Map(this.#outputs.map((name) => [name, buffers.get(name)]));
  }

  add(results: Tensors): void {
    if (this.#count === 0) this.#sum = new Map(results);
    else this.#last = new Map(results);
    if (this.#count > 0)
      for (const [name, tensor] of this.#last) addTo(floats(this.#sum.get(name)!), floats(tensor));
    this.#count++;
  }

  clear(): void {
    this.#count = 0;
  }

  /** Copies, by the names of the outputs. */
  read(): Map<string, TensorData> {
    if (this.#count === 0) return new Map();
    const entries = [...this.#sum].map(
      ([name, tensor]) =>
        [name, { type: 'float32', dims: tensor.dims, data: floats(tensor).slice() } as const] as const,
    );
    return new Map(entries);
  }
}

function addTo(sum: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
}
