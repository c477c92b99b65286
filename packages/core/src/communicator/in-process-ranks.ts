import type { Communicator, Exchanged } from './communicator.ts';

/** What a rank waits with. */
interface Waiting {
  readonly rank: number;
  readonly call: string;
  readonly values: Exchanged;
  resolve(all: readonly Exchanged[]): void;
  reject(error: unknown): void;
}

/** Ranks in one process: each runs as if it were alone, and waits for the others. */
export class InProcessRanks {
  readonly #size: number;
  #waiting: Waiting[] = [];
  #failure: { readonly error: unknown } | undefined;

  /** @param size how many there are */
  constructor(size: number) {
    this.#size = size;
  }

  /** Of one rank. */
  communicator(rank: number): Communicator {
    const meet = <Values extends Exchanged>(call: string, values: Values): Promise<readonly Values[]> =>
      this.#meet(rank, call, values) as Promise<readonly Values[]>;
    return {
      rank,
      size: this.#size,
      async allReduce(values, operation) {
        const [first, ...others] = await meet(operation, values.slice());
        for (let i = 0; i < values.length; i++) {
          let joined = first![i]!;
          for (const other of others)
            joined = operation === 'sum' ? joined + other[i]! : Math.max(joined, other[i]!);
          values[i] = joined;
        }
      },
      allGather: (values) => meet('gather', values.slice() as typeof values),
      async broadcast(values, from) {
        values.set((await meet(`broadcast from ${from}`, values.slice()))[from]!);
      },
      async barrier() {
        await meet('barrier', new Uint8Array(0));
      },
    };
  }

  /** Lets nobody wait for a rank that has failed. */
  fail(error: unknown): void {
    this.#failure = { error };
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting = [];
  }

  /** Begins anew after a failure, once none of the ranks goes on with what has failed. */
  recover(): void {
    this.#failure = undefined;
    this.#waiting = [];
  }

  #meet(rank: number, call: string, values: Exchanged): Promise<readonly Exchanged[]> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure.error);
      this.#waiting.push({ rank, call, values, resolve, reject });
      if (this.#waiting.length < this.#size) return;
      // By rank, so that sums have the same bits whoever comes first.
      const met = this.#waiting.sort((a, b) => a.rank - b.rank);
      const calls = new Set(met.map((one) => one.call));
      if (calls.size > 1) return this.fail(new Error(`ranks at different calls: ${[...calls].join(', ')}`));
      this.#waiting = [];
      for (const one of met) one.resolve(met.map((other) => other.values));
    });
  }
}
