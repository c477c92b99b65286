import { CfError, type Communicator } from '@cf/core';
import { EXIT, exitCodeOf } from '../exit-codes.ts';
import { type Facts, meet, tellFailure } from './meet.ts';
import { gatherTexts, textOfFirst } from './rank-texts.ts';

/** The engine below the ranks, such as MPI. */
export interface RankEngine extends Communicator {
  /** The machine of each. */
  readonly hosts: readonly string[];
  abort(code: number, reason: string): never;
  close(): Promise<void>;
}

/** The ranks that one training is shared out over. */
export interface TrainingRanks {
  readonly communicator: Communicator;
  /** Whether this one writes the run and tells of it. */
  readonly isFirst: boolean;
  /** How many of them are on this machine. */
  readonly onThisMachine: number;
  /** {@link meet}s the others: to be called by all, and in the same order. */
  meet(facts: Facts, own?: string): Promise<readonly string[]>;
  /** From here on a rank that fails ends the job on all: the others are at work, and come to no meeting. */
  begin(): void;
  /** What the first rank says. */
  textOfFirst(own: string): Promise<string>;
  /** What each rank says. */
  texts(own: string): Promise<readonly string[]>;
  /** Whether any rank was told to stop. @param isStopped whether this one was */
  isAnyStopped(isStopped: boolean): Promise<boolean>;
  /**
   * Ends what ranks do together: each goes on by itself.
   *
   * @param isStopped whether this rank was told to stop
   * @returns whether any was
   */
  end(isStopped: boolean): Promise<boolean>;
}

const STOPPED = 'it was interrupted';

/** How long another rank leaves it to the first to say why all of them fail. */
const AFTER_FIRST_MS = 2000;

/**
 * Does work that is shared out over ranks. Where it fails on one of them, it ends on all: before they have begun by telling
 * them, afterwards by ending the job.
 */
export async function withRanks<T>(
  engine: RankEngine,
  work: (ranks: TrainingRanks) => Promise<T>,
): Promise<T> {
  // In an object, as it changes while others are awaited.
  const at: { phase: 'meeting' | 'begun' | 'ended' } = { phase: 'meeting' };
  let isTold = false;
  const isFirst = engine.rank === 0;
  const close = async (): Promise<void> => {
    if (at.phase === 'ended') return;
    at.phase = 'ended';
    await engine.close();
  };
  const isAnyStopped = async (isStopped: boolean): Promise<boolean> => {
    const any = Float64Array.of(isStopped ? 1 : 0);
    await engine.allReduce(any, 'max');
    return any[0] === 1;
  };
  const ranks: TrainingRanks = {
    communicator: engine,
    isFirst,
    onThisMachine: engine.hosts.filter((host) => host === engine.hosts[engine.rank]).length,
    async meet(facts, own) {
      // Whatever comes of a meeting, all ranks know it.
      isTold = true;
      const words = await meet(engine, facts, own);
      isTold = false;
      return words;
    },
    begin() {
      at.phase = 'begun';
    },
    textOfFirst: (own) => textOfFirst(engine, own),
    texts: (own) => gatherTexts(engine, own),
    isAnyStopped,
    async end(isStopped) {
      const isAny = await isAnyStopped(isStopped);
      if (isAny) {
        // A rank that ends with 130 ends the others: none does before all are done with the run.
        at.phase = 'meeting';
        isTold = true;
      } else await close();
      return isAny;
    },
  };
  try {
    const result = await work(ranks);
    // Only an interruption ends without leave taken, and without an error.
    if (at.phase === 'begun') engine.abort(EXIT.interrupted, STOPPED);
    if (at.phase === 'meeting' && !isTold) await tellFailure(engine, STOPPED);
    await close();
    return result;
  } catch (error) {
    if (at.phase === 'meeting') {
      if (!isTold) await tellFailure(engine, textOf(error));
      await close();
    } else if (at.phase === 'begun') {
      // What all of them meet, such as a loss that diverges, the first one tells.
      if (!isFirst) await new Promise((resolve) => setTimeout(resolve, AFTER_FIRST_MS));
      engine.abort(exitCodeOf(error), textOf(error));
    }
    throw error;
  }
}

function textOf(error: unknown): string {
  if (error instanceof CfError) return `${error.name}: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
