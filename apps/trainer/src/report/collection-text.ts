import { printable } from '@cf/core';
import type { PictureCollection, PictureInspection } from '@cf/data/node';

/** Lines of a list that are printed, unless all are asked for. */
const MOST = 20;
/** Of the longest bar, in characters. */
const BAR = 40;

/** What `cf data inspect` prints. @param all every line of every list */
export function collectionText(
  collection: PictureCollection,
  found: PictureInspection,
  all: boolean,
): string {
  const { perIdentity, shared, repeated, moreShared } = found;
  const problems = [...collection.problems, ...found.problems];
  const most = all ? Number.POSITIVE_INFINITY : MOST;
  const inOrder = perIdentity.toSorted((a, b) => a - b);
  const median = inOrder[Math.floor((inOrder.length - 1) / 2)];
  const sections: TextSection[] = [
    [
      `pictures an identity: ${inOrder[0]} to ${inOrder.at(-1)}, median ${median}`,
      histogramLines(pictureHistogram(perIdentity)),
    ],
    ...pictureSections({ ...found, problems }, all),
    [
      `pictures that two identities have (${shared.length}${moreShared ? ', and more' : ''})`,
      shortened(
        shared.map(
          ({ kind, a, b, likeness, mirrored }) =>
            `${a.picture} and ${b.picture}: ${kind === 'same bytes' ? kind : `nearly the same${mirrored ? ', mirrored' : ''} (${likeness.toFixed(3)})`}`,
        ),
        most,
      ),
    ],
    [
      'pictures that an identity has twice',
      repeated === 0 ? [] : [`${repeated}, with the same bytes as one before`],
    ],
  ];
  const head = `${collection.root}: ${collection.kind}, ${counted(found.identities, 'identity', 'identities')}, ${counted(found.pictures, 'picture', 'pictures')}, ${(found.bytes / 1e6).toFixed(1)} MB`;
  return [printable(head), ...splitLines(collection), ...sectionLines(sections)].join('\n');
}

/** A title and lines below it. */
export type TextSection = readonly [title: string, lines: readonly string[]];

/** Sizes, formats and what is broken. */
export function pictureSections(
  { sizes, formats, problems }: Pick<PictureInspection, 'sizes' | 'formats' | 'problems'>,
  all: boolean,
): readonly TextSection[] {
  const most = all ? Number.POSITIVE_INFINITY : MOST;
  const sized = sizes.map(({ width, height, pictures }) => `${width}×${height}: ${pictures}`);
  const messages = problems.map(({ message }) => message);
  return [
    ['sizes', shortened(sized, all ? most : 8)],
    ['formats', Object.entries(formats).map(([name, pictures]) => `${name}: ${pictures}`)],
    [`left out or broken (${problems.length})`, shortened(messages, most)],
  ];
}

/** Sections that have lines, as they are printed. */
export function sectionLines(sections: readonly TextSection[]): readonly string[] {
  return sections.flatMap(([title, lines]) =>
    lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${printable(line)}`)],
  );
}

/** What `cf data inspect --json` prints. */
export function collectionJson(collection: PictureCollection, found: PictureInspection): string {
  const { root, kind, identities, scored } = collection;
  const { perIdentity, problems, ...rest } = found;
  const text = JSON.stringify({
    root,
    kind,
    ...rest,
    trained: identities.length,
    scored: scored?.identities.length ?? 0,
    histogram: pictureHistogram(perIdentity),
    problems: [...collection.problems, ...problems],
  });
  return printableJson(text);
}

/** JSON leaves some control characters as they are, and some terminals do what they say. */
export function printableJson(text: string): string {
  return text.replace(/[\u007f-\u009f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}

export function counted(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`;
}

function splitLines({ identities, scored, difficulty, weight }: PictureCollection): string[] {
  const lines: string[] = [];
  if (scored !== undefined)
    lines.push(`to train on: ${identities.length}; to score (${scored.split}): ${scored.identities.length}`);
  if (difficulty.size > 0) lines.push(`with a difficulty: ${difficulty.size} pictures`);
  if (weight.size > 0) lines.push(`with a weight: ${weight.size} pictures`);
  return lines;
}

interface Bin {
  /** Pictures an identity has, from and to. */
  readonly from: number;
  readonly to: number;
  readonly identities: number;
}

/** How many identities have 1, 2 to 3, 4 to 7 … pictures. */
function pictureHistogram(perIdentity: readonly number[]): readonly Bin[] {
  const largest = perIdentity.reduce((a, b) => Math.max(a, b), 1);
  return Array.from({ length: Math.floor(Math.log2(largest)) + 1 }, (_, power) => {
    const [from, to] = [2 ** power, 2 ** (power + 1) - 1];
    return { from, to, identities: perIdentity.filter((count) => count >= from && count <= to).length };
  });
}

function histogramLines(bins: readonly Bin[]): string[] {
  const labels = bins.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
  const width = Math.max(...labels.map((label) => label.length));
  const most = Math.max(...bins.map(({ identities }) => identities));
  const digits = String(most).length;
  return bins.map(({ identities }, at) => {
    const bar = '#'.repeat(Math.ceil((BAR * identities) / most));
    return `${labels[at]!.padStart(width)}  ${String(identities).padStart(digits)} ${bar}`.trimEnd();
  });
}

function shortened(lines: readonly string[], most: number): readonly string[] {
  return lines.length <= most
    ? lines
    : [...lines.slice(0, most), `and ${lines.length - most} more (--all, --json)`];
}
