import { NonFiniteError, OptionOutOfRangeError } from '@cf/core';
import { PairsError } from '../errors.ts';

/** What the caller passes: a score a pair, and whether the pair shows one person. */
export interface LabelledPairs {
  /** `[P]` similarities, any finite numbers; higher means more alike. */
  readonly scores: ArrayLike<number>;
  /** `[P]`, true or 1 for a genuine pair (one identity), false or 0 for an impostor pair (two identities). */
  readonly same: ArrayLike<boolean | number | bigint>;
}

/** The same, checked and copied. */
export interface CheckedPairs {
  readonly scores: Float64Array;
  /** 1 for genuine, 0 for impostor. */
  readonly same: Uint8Array;
}

/** Copies the pairs; throws unless every score is finite, every label is a truth value and both classes are there. */
export function checkPairs(pairs: LabelledPairs): CheckedPairs {
  checkLength('same', pairs.same.length, pairs.scores.length);
  checkScores('scores', pairs.scores);
  const scores = Float64Array.from(pairs.scores);
  const same = new Uint8Array(scores.length);
  let genuine = 0;
  for (let index = 0; index < scores.length; index++) {
    same[index] = truthOf(pairs.same[index], index);
    genuine += same[index]!;
  }
  checkBothClasses(genuine, scores.length - genuine, 'the pairs');
  return { scores, same };
}

/** Throws unless every score is finite. */
export function checkScores(name: string, scores: ArrayLike<number>): void {
  for (let index = 0; index < scores.length; index++) {
    if (Number.isFinite(scores[index])) continue;
    throw new NonFiniteError(name, index, scores[index]!, 'look at the two embeddings of this pair.');
  }
}

/** Copies the fold of each pair; throws unless there is one integer a pair. */
export function checkFolds(folds: ArrayLike<number | bigint>, pairs: number): Float64Array {
  checkLength('folds', folds.length, pairs);
  const checked = Float64Array.from(folds, Number);
  const index = checked.findIndex((fold) => !Number.isSafeInteger(fold));
  if (index >= 0) {
    throw new PairsError(
      `folds[${index}] = ${folds[index]}`,
      'an integer',
      'number the folds, 1 to 10 in the standard protocol.',
      index,
    );
  }
  return checked;
}

/** Throws unless there is a genuine and an impostor pair; `where` names the set of pairs. */
export function checkBothClasses(genuine: number, impostor: number, where: string): void {
  if (genuine > 0 && impostor > 0) return;
  throw new PairsError(
    `${genuine} genuine and ${impostor} impostor pairs in ${where}`,
    'at least one of each',
    'add pairs of the missing kind: without both there is no threshold between them.',
  );
}

/** Throws unless the threshold is a finite number. */
export function checkThreshold(threshold: number): void {
  if (Number.isFinite(threshold)) return;
  throw new OptionOutOfRangeError(
    'threshold',
    threshold,
    'a finite similarity',
    'take it from bestThreshold() on other pairs.',
  );
}

function checkLength(name: string, given: number, expected: number): void {
  if (given === expected) return;
  throw new PairsError(
    `${given} values in ${name}`,
    `${expected}, one for each of the scores`,
    'build scores and labels from one list of pairs.',
  );
}

function truthOf(value: unknown, index: number): 0 | 1 {
  if (value === true || value === 1 || value === 1n) return 1;
  if (value === false || value === 0 || value === 0n) return 0;
  throw new PairsError(
    `same[${index}] = ${typeof value === 'string' ? `'${value}'` : String(value)}`,
    'true, false, 1 or 0',
    'say 1 for one identity, 0 for two.',
    index,
  );
}
