import { BackendError } from '../errors/errors.ts';
import { type OptionNames, requireKnownOptions } from '../errors/option-types.ts';
import { reasonOf } from '../errors/reason-of.ts';
import type { Eventually } from '../head/phases/steps.ts';
import type { Communicator, Exchanged } from './communicator.ts';

/** What a rank waits with. */
interface Waiting {
  readonly rank: number;
  readonly call: string;
  readonly values: Exchanged;
  resolve(all: readonly Exchanged[]): void;
  reject(error: unknown): void;
}

export interface InProcessRanksOptions {
  /**
   * Is waited for before a rank comes to its next call: 1, 2, … A test lets ranks come late and in any order by it, and a rank
   * whose `before` throws fails there.
   */
  readonly before?: ((rank: number, call: number) => Eventually<void>) | undefined;
}

const OPTIONS: OptionNames<InProcessRanksOptions> = { before: true };

/** Ranks in one process: each runs as if it were alone, and waits for the others. */
export class InProcessRanks {
  readonly #size: number;
  readonly #before: InProcessRanksOptions['before'];
  #waiting: Waiting[] = [];
  #failure: { readonly error: unknown } | undefined;

  /**
   * @param size how many there are
   * @throws UnknownNameError for an unknown option
   */
  constructor(size: number, options: InProcessRanksOptions = {}) {
    requireKnownOptions('InProcessRanks', options, OPTIONS);
    this.#size = size;
    this.#before = options.before;
  }

  /** Of one rank. Its calls reject once one of the others has failed, or where ranks do not call the same. */
  communicator(rank: number): Communicator {
    let calls = 0;
    const meet = async <Values extends Exchanged>(
      call: string,
      values: Values,
    ): Promise<readonly Values[]> => {
      calls++;
      if (this.#before !== undefined) {
        try {
          await this.#before(rank, calls);
        } catch (error) {
          this.fail(error, rank);
          throw error;
        }
      }
      return (await this.#meet(rank, call, values)) as readonly Values[];
    };
    return {
      rank,
      size: this.#size,
      async allReduce(values, operation) {
        const [first, ...others] = await meet(`${operation} of ${values.length}`, values.slice());
        for (let i = 0; i < values.length; i++) {
          let joined = first![i]!;
          for (const other of others)
            joined = operation === 'sum' ? joined + other[i]! : Math.max(joined, other[i]!);
          values[i] = joined;
        }
      },
      allGather: (values) => meet('gather', values.slice() as typeof values),
      async broadcast(values, from) {
        values.set((await meet(`broadcast of ${values.length} from ${from}`, values.slice()))[from]!);
      },
      async barrier() {
        await meet('barrier', new Uint8Array(0));
      },
    };
  }

  /**
   * Lets nobody wait for a rank that has failed: what others wait for, now and later, rejects.
   *
   * @param error why; only the first is told
   * @param rank which one, where that is known: the error of the others names it
   */
  fail(error: unknown, rank?: number): void {
    this.#failure ??= { error: rank === undefined ? error : this.#failed(rank, error) };
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(this.#failure.error);
  }

  /** Begins anew after a failure, once none of the ranks goes on with what has failed. */
  recover(): void {
    this.#failure = undefined;
    this.#waiting = [];
  }

  #failed(rank: number, cause: unknown): BackendError {
    return new BackendError(
      `rank ${rank} of ${this.#size}, which has failed: ${reasonOf(cause)}`,
      'all ranks at each call',
      'see its cause; begin anew once no rank goes on.',
      cause,
    );
  }

  #meet(rank: number, call: string, values: Exchanged): Promise<readonly Exchanged[]> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure.error);
      const twice = this.#waiting.find((one) => one.rank === rank);
      this.#waiting.push({ rank, call, values, resolve, reject });
      if (twice !== undefined) return this.#confused(`rank ${rank} at two calls at once`, [twice.call, call]);
      if (this.#waiting.length < this.#size) return;
      const calls = new Set(this.#waiting.map((one) => one.call));
      if (calls.size > 1) return this.#confused('ranks at different calls', [...calls]);
      // By rank, so that sums have the same bits whoever comes first.
      const met = this.#waiting.sort((a, b) => a.rank - b.rank);
      this.#waiting = [];
      for (const one of met) one.resolve(met.map((other) => other.values));
    });
  }

  #confused(what: string, calls: readonly string[]): void {
    this.fail(
      new BackendError(
        `${what}: ${calls.join(', ')}`,
        'the same calls in the same order',
        'let all ranks do the same.',
      ),
    );
  }
}
