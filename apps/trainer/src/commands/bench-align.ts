import { availableParallelism } from 'node:os';
import { requireInteger } from '@cf/core';
import { Command } from 'commander';
import { benchAlign, formatAlign } from '../bench/align/bench-align.ts';
import { EXIT } from '../exit-codes.ts';
import { onnxBackbone } from '../features/onnx-backbone.ts';
import { onnxFile } from '../settings/situation.ts';
import { interruptedExit, withInterruption } from './interruption.ts';
import { number } from './options.ts';

interface AlignFlags {
  readonly data: string;
  readonly pairs: string;
  readonly pairsFolds?: string;
  readonly model?: string;
  readonly shift: number;
  readonly limit?: number;
  readonly threads: number;
  readonly timed: number;
  readonly rounds: number;
  readonly hard: boolean;
  readonly json: boolean;
}

const EXAMPLES = `
Lays aligned crops into photographs of 500×400 pixels, anywhere, 90 to 220 pixels wide and turned by up to 20°, and has the
faces found and cut out by the detector of cf data align. Tells how far the crops that come out are from those that went
in, the time of a photograph with one thread and with all, and how well a model tells the pairs apart on photographs, on
what came out and on what went in, each fold at the threshold of the other chosen ones.

Examples:
  cf bench align --data lfw-112 --pairs pairs.txt --pairs-folds 9,10 --model onnx:backbone.onnx
  cf bench align --data lfw-112 --pairs pairs.txt --pairs-folds 9,10 --shift -8 --limit 100 --rounds 3
`;

/** `cf bench align`. */
export function benchAlignCommand(): Command {
  return new Command('align')
    .description('How well and how fast faces are found in photographs whose faces are known.')
    .requiredOption('--data <folder>', 'aligned crops, one folder an identity, in the layout of LFW')
    .requiredOption('--pairs <file>', 'LFW list of pairs; their pictures are taken')
    .option('--pairs-folds <list>', 'folds of --pairs (default: all)')
    .option('--model <onnx:FILE>', 'a backbone to score the pairs with (default: none are scored)')
    .option('--shift <pixels>', 'by how much faces are to the right of the template in the crops', number, 0)
    .option('--limit <n>', 'photographs at most (default: all)', number)
    .option('--threads <n>', 'threads that find faces', number, availableParallelism())
    .option('--timed <n>', 'photographs whose time is taken', number, 100)
    .option('--rounds <n>', 'times that it is taken, in turn; the middle is told', number, 1)
    .option('--hard', 'also count small faces, turned ones, crops as they are, and what is no face', false)
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', EXAMPLES)
    .action(async (flags: AlignFlags) => {
      process.exitCode = await withInterruption((signal) => run(flags, signal));
    });
}

async function run(
  { model, pairsFolds: folds, json, ...flags }: AlignFlags,
  signal: AbortSignal,
): Promise<number> {
  for (const name of ['threads', 'timed', 'rounds'] as const) requireInteger(name, flags[name], 1, 1e6);
  if (flags.limit !== undefined) requireInteger('limit', flags.limit, 1, 1e9);
  const extractor = model === undefined ? undefined : await onnxBackbone(onnxFile(model));
  try {
    const report = await benchAlign({ ...flags, folds, ...(extractor && { extractor }), signal });
    console.log(json ? JSON.stringify(report) : formatAlign(report));
    return EXIT.ok;
  } catch (error) {
    return interruptedExit(error);
  } finally {
    await extractor?.dispose();
  }
}
