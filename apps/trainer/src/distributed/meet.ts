import { hostname } from 'node:os';
import type { Communicator } from '@cf/core';
import { gatherTexts } from './rank-texts.ts';
import { RanksError } from './ranks-error.ts';

/** What must be the same on all ranks, by name. */
export type Facts = Readonly<Record<string, string>>;

/** What a rank comes to a meeting with. */
interface Word {
  readonly host: string;
  readonly facts?: Facts;
  /** For the others to know. */
  readonly own?: string;
  /** Why it can't go on. */
  readonly failure?: string;
}

/**
 * Meets all ranks. Either all go on from here, or none does: a rank that can't go on comes with its failure in place of facts.
 *
 * @param facts that must be the same on all
 * @param own what this rank lets the others know
 * @returns what each rank lets the others know, by rank
 * @throws RanksError on every rank, with the first that differs or that can't go on
 */
export async function meet(communicator: Communicator, facts: Facts, own = ''): Promise<readonly string[]> {
  const words = await wordsOf(communicator, { host: hostname(), facts, own });
  const failed = words.findIndex(({ failure }) => failure !== undefined);
  if (failed >= 0)
    throw new RanksError(
      `${named(words, failed)}, which can't begin: ${words[failed]!.failure}`,
      'ranks that can all begin',
      'see what it says; nothing was trained.',
    );
  requireSame(words);
  return words.map((word) => word.own ?? '');
}

/** Tells the ranks that are at a meeting, or on their way to one, that this one can't go on. */
export async function tellFailure(communicator: Communicator, failure: string): Promise<void> {
  await wordsOf(communicator, { host: hostname(), failure });
}

async function wordsOf(communicator: Communicator, word: Word): Promise<readonly Word[]> {
  const texts = await gatherTexts(communicator, JSON.stringify(word));
  return texts.map((text) => JSON.parse(text) as Word);
}

function requireSame(words: readonly Word[]): void {
  const first = words[0]!.facts!;
  for (const [rank, { facts = {} }] of words.entries()) {
    const names = [...new Set([...Object.keys(first), ...Object.keys(facts)])];
    const differs = names.filter((name) => facts[name] !== first[name]);
    if (differs.length === 0) continue;
    const list = (of: Facts): string =>
      differs
        .slice(0, MOST)
        .map((name) => textOf(name, of))
        .join(', ');
    const more = differs.length > MOST ? ` and ${differs.length - MOST} more` : '';
    throw new RanksError(
      `${named(words, rank)} with ${list(facts)}${more}`,
      `${list(first)}, as on ${named(words, 0)}`,
      'start the same program with the same flags, files and pictures on every rank; nothing was trained.',
    );
  }
}

/** Facts that are told of one rank. */
const MOST = 3;

function textOf(name: string, facts: Facts): string {
  const value = facts[name] ?? 'none';
  return `${name} ${value.length > 60 ? `${value.slice(0, 57)}…` : value}`;
}

function named(words: readonly Word[], rank: number): string {
  return `rank ${rank} (${words[rank]!.host})`;
}
