import type { Communicator } from '../../communicator/communicator.ts';
import { InProcessRanks } from '../../communicator/in-process-ranks.ts';
import type { MarginLoss } from '../../losses/margin-loss.ts';
import type { Backend, Head, HeadInput, HeadOptions, HeadOutput } from '../contract.ts';

/** A head for the classes of a batch and one for the others, which are one head together, and with those of other ranks. */
export class HeadPair {
  readonly #ranks: InProcessRanks;
  readonly #heads: readonly [Head, Head];

  private constructor(ranks: InProcessRanks, heads: readonly [Head, Head]) {
    this.#ranks = ranks;
    this.#heads = heads;
  }

  static async open(backend: Backend, loss: MarginLoss, options: HeadOptions): Promise<HeadPair> {
    const ranks = new InProcessRanks(2);
    const open = (at: number): Promise<Head> =>
      backend.createHead(loss, {
        ...options,
        communicator: beyond(ranks.communicator(at), options.communicator),
        firstClass: options.firstClass ?? 0,
      });
    return new HeadPair(ranks, [await open(0), await open(1)]);
  }

  /** One step of both. A batch that fails on one of them, or on both, ends there: the next is none the worse. */
  async step(inputs: readonly [HeadInput, HeadInput]): Promise<readonly [HeadOutput, HeadOutput]> {
    const steps = inputs.map(async (input, at) => {
      try {
        return await this.#heads[at]!.step(input);
      } catch (error) {
        this.#ranks.fail(error);
        throw error;
      }
    });
    if ((await Promise.allSettled(steps)).some(({ status }) => status === 'rejected')) this.#ranks.recover();
    const [first, second] = await Promise.all(steps);
    return [first!, second!];
  }

  dispose(): void {
    for (const head of this.#heads) head.dispose();
  }
}

/** Joins what is here, and then, by one who goes for all, with what is elsewhere. */
function beyond(here: Communicator, elsewhere: Communicator | undefined): Communicator {
  if (elsewhere === undefined) return here;
  return {
    ...here,
    async allReduce(values, operation) {
      await here.allReduce(values, operation);
      if (here.rank === 0) await elsewhere.allReduce(values, operation);
      await here.broadcast(values, 0);
    },
  };
}
