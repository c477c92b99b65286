import type { Communicator } from './communicator.ts';
import { communicator } from './meetings.ts';

interface Waiting {
  readonly values: Float64Array;
  resolve(): void;
  reject(error: unknown): void;
}

/** Shards of one head that meet in one process: each runs as if it were alone, and waits for the others. */
export class InProcessShards {
  readonly #size: number;
  #waiting: Waiting[] = [];
  #failure: unknown;

  constructor(size: number) {
    this.#size = size;
  }

  /** Of one shard. */
  communicator(): Communicator {
    return communicator(
      (values, operation) =>
        new Promise((resolve, reject) => {
          if (this.#failure !== undefined) return reject(this.#failure);
          this.#waiting.push({ values, resolve, reject });
          if (this.#waiting.length === this.#size) this.#meet(operation);
        }),
    );
  }

  /** Lets nobody wait for a shard that has failed. */
  fail(error: unknown): void {
    this.#failure = error;
    for (const { reject } of this.#waiting) reject(error);
  }

  /** Begins anew after a failure, once none of the shards goes on with what has failed. */
  recover(): void {
    this.#failure = undefined;
    this.#waiting = [];
  }

  #meet(operation: 'sum' | 'max'): void {
    const met = this.#waiting;
    this.#waiting = [];
    const join = operation === 'sum' ? (a: number, b: number): number => a + b : Math.max;
    const [first, ...others] = met.map(({ values }) => values);
    const joined = first!.map((value, i) => others.reduce((total, values) => join(total, values[i]!), value));
    for (const { values, resolve } of met) {
      values.set(joined);
      resolve();
    }
  }
}
