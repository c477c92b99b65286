import { ShapeMismatchError } from '@cf/core';
import { type ProtocolLine, ProtocolReader } from './protocol-lines.ts';

/** One picture of a pair. */
export interface PairImage {
  /** The identity's folder, in Unicode normal form C. */
  readonly name: string;
  /** Number of the picture within the identity, from 1 as in the file names. */
  readonly index: number;
}

/** Two pictures and whether they show one person. */
export interface Pair {
  /** From 0. */
  readonly fold: number;
  readonly same: boolean;
  readonly a: PairImage;
  readonly b: PairImage;
  /** Line of the pair in its file, from 1. */
  readonly line: number;
}

/** A list of verification pairs. */
export interface PairList {
  /** What errors call the file. */
  readonly source: string;
  readonly folds: number;
  /** In the file's order: fold by fold, matched before mismatched. */
  readonly pairs: readonly Pair[];
}

const HEADER = 'folds<tab>pairs per kind and fold (view 2), or the number of pairs per kind alone (view 1)';
const MATCHED = 'a matched pair as name<tab>picture<tab>other picture';
const MISMATCHED = 'a mismatched pair as name<tab>picture<tab>other name<tab>picture';

/**
 * Reads an LFW list of pairs, of either view.
 *
 * View 2 (`pairs.txt`): `10<tab>300`, then for each fold 300 matched and 300 mismatched pairs.
 * View 1 (`pairsDevTrain.txt`, `pairsDevTest.txt`): one number, then one such block; it is a single fold.
 *
 * @param source - what errors call the file.
 * @throws ProtocolFormatError naming file and line for any malformed, missing or extra line, for a matched
 *   pair of a picture with itself and for a mismatched pair of one person.
 */
export function parsePairs(text: string, source = 'pairs.txt'): PairList {
  const reader = new ProtocolReader(text, source);
  const header = reader.take(HEADER);
  const columns = header.columns.length;
  if (columns > 2) throw reader.error(header, HEADER);
  const folds = columns === 2 ? reader.count(header, 0, HEADER) : 1;
  const count = reader.count(header, columns - 1, HEADER);

  const pairs: Pair[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const where = folds === 1 ? '' : ` of fold ${fold + 1}`;
    for (const [expected, read] of KINDS) {
      for (let n = 1; n <= count; n++) {
        const line = reader.take(`${expected} (${n} of ${count}${where})`);
        pairs.push(read(reader, line, fold));
      }
    }
  }
  reader.end(`the end of the file: all ${pairs.length} pairs announced have been read`);
  return { source, folds, pairs };
}

/** Kinds of pairs, in the file's order. */
const KINDS = [
  [MATCHED, matched],
  [MISMATCHED, mismatched],
] as const;

function matched(reader: ProtocolReader, line: ProtocolLine, fold: number): Pair {
  if (line.columns.length !== 3) throw reader.error(line, MATCHED);
  const name = reader.name(line, 0, MATCHED);
  const a = { name, index: reader.count(line, 1, MATCHED) };
  const b = { name, index: reader.count(line, 2, MATCHED) };
  if (a.index === b.index) throw reader.error(line, 'two different pictures of the person');
  return { fold, same: true, a, b, line: line.number };
}

function mismatched(reader: ProtocolReader, line: ProtocolLine, fold: number): Pair {
  if (line.columns.length !== 4) throw reader.error(line, MISMATCHED);
  const a = { name: reader.name(line, 0, MISMATCHED), index: reader.count(line, 1, MISMATCHED) };
  const b = { name: reader.name(line, 2, MISMATCHED), index: reader.count(line, 3, MISMATCHED) };
  if (a.name === b.name) throw reader.error(line, 'two different people');
  return { fold, same: false, a, b, line: line.number };
}

/**
 * Writes a list of pairs as a `pairs.txt` that {@link parsePairs} reads back.
 *
 * @param list - as many matched as mismatched pairs in every fold.
 * @throws ShapeMismatchError when they are not balanced so: the format can't hold them.
 */
export function formatPairs(list: Pick<PairList, 'folds' | 'pairs'>): string {
  const perKind = list.pairs.length / (2 * list.folds);
  const lines = [list.folds === 1 ? `${perKind}` : `${list.folds}\t${perKind}`];
  for (let fold = 0; fold < list.folds; fold++) {
    for (const same of [true, false]) {
      const block = list.pairs.filter((pair) => pair.fold === fold && pair.same === same);
      if (block.length !== perKind) {
        const kind = same ? 'matched' : 'mismatched';
        throw new ShapeMismatchError(
          `${block.length} ${kind} pairs in fold ${fold + 1}`,
          `${perKind}, as many of each kind in every fold`,
          'balance the pairs; the format can hold nothing else.',
        );
      }
      for (const { a, b } of block) {
        lines.push(
          same ? `${a.name}\t${a.index}\t${b.index}` : `${a.name}\t${a.index}\t${b.name}\t${b.index}`,
        );
      }
    }
  }
  return `${lines.join('\n')}\n`;
}
