import type { ImageProblem } from '@cf/data';
import { isTold } from '../report/quiet.ts';

/** Collects what was left out, once each, and says it on stderr. */
export class ProblemList {
  readonly #seen = new Map<string, ImageProblem>();
  readonly #more: string;

  /** @param more where the problems are that are not printed */
  constructor(more: string = 'listed in the report') {
    this.#more = more;
  }

  /** A function, so that it can be passed on. */
  readonly add = (problem: ImageProblem): void => {
    if (this.#seen.has(problem.message)) return;
    this.#seen.set(problem.message, problem);
    if (!isTold()) return;
    if (this.#seen.size <= SHOWN) process.stderr.write(`skipped: ${problem.message}\n`);
    if (this.#seen.size === SHOWN + 1) process.stderr.write(`skipped: more, ${this.#more}\n`);
  };

  get all(): readonly ImageProblem[] {
    return [...this.#seen.values()];
  }
}

const SHOWN = 20;

/** How much of the pictures was left out, in a line. @param unscoredPairs where pairs are scored */
export function problemsText(problems: number, unscoredPairs?: number): string {
  const each = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
  const pairs = unscoredPairs === undefined ? '' : `; ${each(unscoredPairs, 'pair')} could not be scored`;
  return `${each(problems, 'problem')} with the pictures${pairs}`;
}
