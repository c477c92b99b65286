import { contactSheet, type SyntheticFolderOptions, writeSyntheticFolder } from '@cf/data/node';
import { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../report/progress.ts';
import { atomicWrite } from '../run/atomic-write.ts';
import { DEFAULT_DIFFICULTY } from '../settings/fields.ts';
import { interruptedExit, withInterruption } from './interruption.ts';
import { number } from './options.ts';

interface FaceFlags {
  readonly identities: number;
  readonly imagesPerIdentity: number;
  readonly difficulty: number;
  readonly seed: number;
  readonly sheet?: string;
  readonly out?: string;
}

/** `cf faces`. */
export function facesCommand(): Command {
  return new Command('faces')
    .description('Draw synthetic identities: a contact sheet to look at, or a folder to train on.')
    .option('--identities <n>', 'how many people', number, 8)
    .option('--images-per-identity <n>', 'pictures of each', number, 8)
    .option('--difficulty <x>', '0 to 2', number, DEFAULT_DIFFICULTY)
    .option('--seed <n>', 'same seed, same faces', number, 0)
    .option('--sheet <file.png>', 'write a contact sheet, one row an identity')
    .option('--out <folder>', 'write a folder of pictures, one folder an identity')
    .addHelpText(
      'after',
      '\nExamples:\n  cf faces --sheet faces.png\n  cf faces --identities 100 --images-per-identity 20 --out faces\n',
    )
    .action(async ({ sheet, out, ...options }: FaceFlags, command: Command) => {
      if (sheet === undefined && out === undefined) command.error('error: give --sheet, --out or both');
      if (sheet !== undefined) {
        await atomicWrite(sheet, await contactSheet(options));
        console.log(`contact sheet: ${sheet}`);
      }
      if (out !== undefined) {
        process.exitCode = await withInterruption((signal) => drawFolder(out, { ...options, signal }));
      }
    });
}

async function drawFolder(out: string, options: SyntheticFolderOptions): Promise<number> {
  try {
    await withProgress('drawing', options.identities * options.imagesPerIdentity, 'images', (update) =>
      writeSyntheticFolder(out, options, ({ done }) => update(done)),
    );
  } catch (error) {
    return interruptedExit(error, 'interrupted; no folder was written', console.log);
  }
  console.log(`folder: ${out}`);
  return EXIT.ok;
}
