import { rm } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { printable, requireRange } from '@cf/core';
import { Command } from 'commander';
import { type ListedSuspect, suspectLines } from '../dataset/suspect-list.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { atomicWrite } from '../run/atomic-write.ts';
import { holdRun, openRunFolder, type RunFolder } from '../run/run-folder.ts';
import { readConfig } from '../settings/check-config.ts';
import { type FoundSuspects, withSuspects } from '../suspects/find-suspects.ts';
import { MOST_SHOWN, suspectSheet } from '../suspects/suspect-sheet.ts';
import { dataAlignCommand } from './data-align.ts';
import { augmentCommand } from './data-augment.ts';
import { difficultyCommand } from './data-difficulty.ts';
import { dataInspectCommand } from './data-inspect.ts';
import { dataPackCommand, dataUnpackCommand } from './data-pack.ts';
import { interruptedExit, withInterruption } from './interruption.ts';
import { number } from './options.ts';

interface SuspectFlags {
  readonly run: string;
  readonly angle: number;
  readonly out?: string;
}

/** `cf data`. */
export function dataCommand(): Command {
  return new Command('data')
    .description('Align photographs, look at pictures, and convert them.')
    .addCommand(dataAlignCommand())
    .addCommand(augmentCommand())
    .addCommand(difficultyCommand())
    .addCommand(dataInspectCommand())
    .addCommand(dataPackCommand())
    .addCommand(dataUnpackCommand())
    .addCommand(suspectsCommand());
}

function suspectsCommand(): Command {
  return new Command('suspects')
    .description(
      'List the pictures whose identity is probably wrong: far from the dominant center of their class (Deng et al. 2020).',
    )
    .requiredOption(
      '--run <folder>',
      'the folder of a training, finished or stopped; best one with --sub-centers 3',
    )
    .option('--angle <degrees>', 'how far from its center a picture is a suspect', number, 75)
    .option(
      '--out <file>',
      'the list, JSON lines; beside it a sheet, .png (default: suspects.jsonl in the run folder)',
    )
    .addHelpText('after', EXAMPLES)
    .action(async (flags: SuspectFlags) => {
      process.exitCode = await withInterruption((signal) => runSuspects(flags, signal));
    });
}

const EXAMPLES = `
The dominant center of a class is the one that most of its pictures are nearest to. On the sheet each suspect stands beside
the most typical picture of its identity and that of the nearest other one.

Examples:
  cf train --data faces --backbone onnx:backbone.onnx --sub-centers 3 --out runs/first
  cf data suspects --run runs/first
  cf train --config runs/first/config.json --init-from runs/first --drop-suspects runs/first/suspects.jsonl --sub-centers 1
      the run goes on without the suspects, on the dominant centers
  cf data suspects --run runs/first --angle 80 --out suspects.jsonl
`;

async function runSuspects({ run: path, angle, out }: SuspectFlags, signal: AbortSignal): Promise<number> {
  requireRange('angle', angle, 0, 180);
  const found = await openRunFolder(path);
  const files = filesOf(found, out);
  const config = await readConfig(found.file('config'));
  const say = (line: string): void => console.log(printable(line));
  // A list elsewhere is made of a run that goes on, too.
  const run = out === undefined ? await holdRun(found, say) : found;
  const place = {
    resume: true,
    readsOnly: out !== undefined,
    featuresFrom: undefined,
    open: async () => run,
  };
  try {
    await withSuspects(config, { place, signal, say }, angle, async (found, { dataset, policy }) => {
      const none = found.list.length === 0;
      const sheet = none ? undefined : await suspectSheet(dataset, found.shown, { ...policy, signal });
      await atomicWrite(files.list, suspectLines(found.list));
      // A sheet of an earlier list would be of others.
      if (sheet === undefined) await rm(files.sheet, { force: true });
      else await atomicWrite(files.sheet, sheet);
      for (const line of summary(path, angle, found)) say(line);
      say(none ? `list: ${files.list}, empty` : `list: ${files.list}, sheet: ${files.sheet}`);
    });
    return EXIT.ok;
  } catch (error) {
    return interruptedExit(error);
  } finally {
    await run.release?.();
  }
}

/** Where the list goes, and the sheet beside it. @throws UsageError where they would be one file */
function filesOf(run: RunFolder, out: string | undefined): { readonly list: string; readonly sheet: string } {
  const list = out ?? run.file('suspects');
  const sheet = `${list.slice(0, list.length - extname(list).length)}.png`;
  if (resolve(sheet) !== resolve(list)) return { list, sheet };
  throw new UsageError(
    `--out ${list}`,
    'a list, beside which the sheet is the .png',
    'name it such as suspects.jsonl.',
  );
}

function summary(
  name: string,
  angle: number,
  { step, loss, subCenters, pictures, identities, list, noise }: FoundSuspects,
): readonly string[] {
  const share = (part: number, whole: number): string =>
    whole === 0 ? 'none' : `${((100 * part) / whole).toFixed(1)} %`;
  const of =
    subCenters === 1 ? 'one center a class, which is the dominant one' : `${subCenters} centers a class`;
  const suspected = new Set(list.map(({ identity }: ListedSuspect) => identity)).size;
  return [
    `${name} after step ${step}: ${loss}, ${of}`,
    `${list.length} of ${pictures} pictures (${share(list.length, pictures)}) are more than ${angle}° from the dominant center of their identity, in ${suspected} of ${identities} identities`,
    ...(noise === undefined
      ? []
      : [
          `of ${noise.exchanged} exchanged labels ${noise.found} are listed (recall ${share(noise.found, noise.exchanged)}), and ${list.length - noise.found} others (precision ${share(noise.found, list.length)})`,
        ]),
    ...(list.length > MOST_SHOWN ? [`the sheet shows the first ${MOST_SHOWN}`] : []),
  ];
}
