import { printable } from '@cf/core';
import type { PixelSize } from '@cf/data';
import {
  openCollection,
  openRecordPack,
  packIn,
  packNotes,
  type UnpackedFolder,
  unpackRecords,
  type WrittenPack,
  writeRecordPack,
} from '@cf/data/node';
import { Command } from 'commander';
import { ProblemList, problemsText } from '../dataset/problem-list.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../report/progress.ts';
import { tell } from '../report/tell.ts';
import { interruptedExit, withInterruption } from './interruption.ts';

interface PackFlags {
  readonly data: string;
  readonly out: string;
  readonly size?: string;
  readonly strict: boolean;
}

/** `cf data pack`. */
export function dataPackCommand(): Command {
  return new Command('pack')
    .description('Write a folder or list of pictures as an InsightFace pack: .rec, .idx, .lst and property.')
    .requiredOption(
      '--data <path>',
      'a folder with one folder an identity, a list (.csv, .tsv, .jsonl), or another pack',
    )
    .requiredOption('--out <file.rec>', 'the pack; a new one, in a folder of its own')
    .option('--size <size>', 'bring all pictures to this side, or 112x96 (default: they stay as they are)')
    .option('--strict', 'stop at the first unreadable picture', false)
    .addHelpText('after', PACK_EXAMPLES)
    .action(async (flags: PackFlags) => {
      process.exitCode = await withInterruption((signal) => runPack(flags, signal));
    });
}

const PACK_EXAMPLES = `
JPEG and PNG are written byte by byte, once they have been decoded without fault; other formats as PNG. InsightFace wants
all pictures of one size.

Examples:
  cf data pack --data faces --out packed/train.rec
  cf data pack --data people.csv --size 112 --out packed/train.rec
`;

/** `cf data unpack`. */
export function dataUnpackCommand(): Command {
  return new Command('unpack')
    .description('Write the pictures of an InsightFace pack as a folder, one folder an identity.')
    .requiredOption(
      '--data <file.rec>',
      'the pack, or the folder of train.rec, with its .idx, .lst and property',
    )
    .requiredOption('--out <folder>', 'a folder that is new or empty')
    .option('--strict', 'stop at the first unreadable picture', false)
    .addHelpText('after', UNPACK_EXAMPLES)
    .action(async (flags: PackFlags) => {
      process.exitCode = await withInterruption((signal) => runUnpack(flags, signal));
    });
}

const UNPACK_EXAMPLES = `
Names are those of the pack's list (.lst); without one, folders are called by label.

Examples:
  cf data unpack --data faces_emore/train.rec --out faces
`;

async function runPack({ data, out, size, strict }: PackFlags, signal: AbortSignal): Promise<number> {
  if (!/\.rec$/i.test(out)) {
    throw new UsageError(`--out ${out}`, 'a file that ends in .rec', 'name it such as packed/train.rec.');
  }
  const wanted = size === undefined ? undefined : sizeOf(size);
  const problems = new ProblemList('which cf data inspect --all lists');
  return converting(problems, async () => {
    const { identities, problems: found, notes } = await openCollection(data, { strict });
    for (const problem of found) problems.add(problem);
    for (const note of notes) tell(note);
    const total = identities.reduce((sum, { files }) => sum + files.length, 0);
    const written = await withProgress('packing', total, 'images', (onProgress) =>
      writeRecordPack(out, identities, {
        ...(wanted && { size: wanted }),
        ...(strict ? {} : { onProblem: problems.add }),
        onProgress,
        signal,
      }),
    );
    return [`pack: ${out}, ${sizeText(written)}`, ...otherSizes(written)];
  });
}

async function runUnpack({ data, out, strict }: PackFlags, signal: AbortSignal): Promise<number> {
  const problems = new ProblemList('which cf data inspect --all lists');
  return converting(problems, async () => {
    const pack = await packIn(data);
    const found = await openRecordPack(pack);
    for (const note of packNotes(found)) tell(note);
    const total = found.identities.reduce((sum, { files }) => sum + files.length, 0);
    const written = await withProgress('unpacking', total, 'images', (update) =>
      unpackRecords(pack, out, {
        ...(strict ? {} : { onProblem: problems.add }),
        onProgress: update,
        signal,
      }),
    );
    return [`folder: ${out}, ${countText(written)}`];
  });
}

/** Does a conversion, and prints what came of it. */
async function converting(problems: ProblemList, work: () => Promise<readonly string[]>): Promise<number> {
  try {
    const lines = await work();
    const left = problems.all.length;
    for (const line of lines) console.log(printable(line));
    if (left > 0) console.log(problemsText(left));
    return EXIT.ok;
  } catch (error) {
    return interruptedExit(error);
  }
}

function sizeOf(text: string): PixelSize {
  const found = /^(\d+)(?:x(\d+))?$/.exec(text);
  const [width, height] = [Number(found?.[1]), Number(found?.[2] ?? found?.[1])];
  if (width >= 1 && width <= 4096 && height >= 1 && height <= 4096) return { width, height };
  throw new UsageError(`--size ${text}`, 'a side in pixels, or width x height, up to 4096', 'give 112, say.');
}

function countText({ identities, pictures }: UnpackedFolder): string {
  return `${pictures} pictures of ${identities} identities`;
}

function sizeText(written: WrittenPack): string {
  return `${countText(written)}, ${written.size.width}×${written.size.height}`;
}

function otherSizes({ otherSizes: others }: WrittenPack): readonly string[] {
  return others === 0
    ? []
    : [`${others} pictures have another size, which InsightFace does not take: --size brings them to one`];
}
