import { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import { atomicWrite } from '../run/atomic-write.ts';
import { openRunFolder } from '../run/run-folder.ts';
import { readConfig } from '../settings/check-config.ts';
import { difficultyLines, withDifficulties } from '../suspects/find-difficulties.ts';
import { interruptedExit, withInterruption } from './interruption.ts';

interface DifficultyFlags {
  readonly run: string;
  readonly out: string;
}

const EXAMPLES = `
A picture is as hard as it is far from the dominant center of its identity, in degrees, to the network of the run. The list,
JSON lines with the easiest picture first, is what a curriculum goes by.

Examples:
  cf train --data faces --out runs/first
  cf data difficulty --run runs/first --out difficulty.jsonl
  cf train --data faces --sampler curriculum --difficulties difficulty.jsonl --out runs/second
`;

/** `cf data difficulty`. */
export function difficultyCommand(): Command {
  return new Command('difficulty')
    .description('Score how hard each picture of a run is, for a curriculum (Hacohen and Weinshall 2019).')
    .requiredOption('--run <folder>', 'the folder of a training, finished or stopped: its network scores')
    .requiredOption('--out <file>', 'the list, JSON lines')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: DifficultyFlags) => {
      process.exitCode = await withInterruption((signal) => writeDifficulties(flags, signal));
    });
}

async function writeDifficulties({ run: path, out }: DifficultyFlags, signal: AbortSignal): Promise<number> {
  const run = await openRunFolder(path);
  const config = await readConfig(run.file('config'));
  const place = { resume: true, readsOnly: true, featuresFrom: undefined, open: async () => run };
  const say = (line: string): void => console.log(line);
  try {
    const list = await withDifficulties(config, { place, signal, say });
    await atomicWrite(out, difficultyLines(list));
    say(`${list.length} pictures, from ${list[0]?.difficulty}° to ${list.at(-1)?.difficulty}°; list: ${out}`);
    return EXIT.ok;
  } catch (error) {
    return interruptedExit(error);
  }
}
