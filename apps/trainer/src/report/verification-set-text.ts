import { printable } from '@cf/core';
import { pictureName } from '@cf/data';
import type { PictureInspection, VerificationSet } from '@cf/data/node';
import { counted, pictureSections, printableJson, sectionLines } from './collection-text.ts';

/** What `cf data inspect` prints of a verification set. @param all every line of every list */
export function verificationSetText(set: VerificationSet, found: PictureInspection, all: boolean): string {
  const { pairs, genuine, impostor, folds, brokenPairs, repeated } = countsOf(set, found);
  const head = `${set.path}: verification set, ${counted(pairs, 'pair', 'pairs')} in ${counted(folds.length, 'fold', 'folds')}, ${counted(found.pictures, 'picture', 'pictures')}, ${(found.bytes / 1e6).toFixed(1)} MB`;
  const sections = [
    [`pairs: ${genuine} genuine, ${impostor} impostor`, folds.map(foldText)],
    ...pictureSections(found, all),
    ['pairs that lack a readable picture', brokenPairs === 0 ? [] : [`${brokenPairs}; they are not scored`]],
    [
      'pictures that are there more than once',
      repeated === 0 ? [] : [`${repeated}, with the same bytes as one before`],
    ],
  ] as const;
  return [printable(head), ...sectionLines(sections)].join('\n');
}

/** What `cf data inspect --json` prints of a verification set. */
export function verificationSetJson(set: VerificationSet, found: PictureInspection): string {
  const { pictures, sizes, formats, bytes, problems } = found;
  const of = { root: set.path, kind: 'verification set', ...countsOf(set, found) };
  return printableJson(JSON.stringify({ ...of, pictures, sizes, formats, bytes, problems }));
}

interface FoldCounts {
  /** From 1. */
  readonly fold: number;
  readonly genuine: number;
  readonly impostor: number;
}

interface SetCounts {
  readonly pairs: number;
  readonly genuine: number;
  readonly impostor: number;
  readonly folds: readonly FoldCounts[];
  /** Pairs that lack a readable picture. */
  readonly brokenPairs: number;
  readonly repeated: number;
}

function foldText({ fold, genuine, impostor }: FoldCounts): string {
  return `fold ${fold}: ${genuine} genuine, ${impostor} impostor`;
}

function countsOf({ pairs, folds }: VerificationSet, { problems, repeated }: PictureInspection): SetCounts {
  const broken = new Set(problems.map(({ path }) => path));
  const genuineOf = (list: typeof pairs): number => list.filter(({ same }) => same).length;
  const byFold = Array.from({ length: folds }, (_, fold): FoldCounts => {
    const inFold = pairs.filter((pair) => pair.fold === fold);
    const genuine = genuineOf(inFold);
    return { fold: fold + 1, genuine, impostor: inFold.length - genuine };
  });
  const genuine = genuineOf(pairs);
  return {
    pairs: pairs.length,
    genuine,
    impostor: pairs.length - genuine,
    folds: byFold,
    brokenPairs: pairs.filter(({ a, b }) => [a, b].some((picture) => broken.has(pictureName(picture))))
      .length,
    repeated,
  };
}
