import { availableParallelism } from 'node:os';
import { text } from 'node:stream/consumers';
import { requireInteger } from '@cf/core';
import { Command } from 'commander';
import { benchData, formatData } from '../bench/data/bench-data.ts';
import { measureData } from '../bench/data/measure-data.ts';
import { augmentation, type TrainFlags } from '../settings/fields.ts';
import type { Setting } from '../settings/setting.ts';
import { number } from './options.ts';
import { optionsOf } from './train-options.ts';

interface DataFlags extends TrainFlags {
  readonly steps: number;
  readonly rounds: number;
  readonly json: boolean;
}

const EXAMPLES = `
Trains three times on the same pictures: with all of them decoded in memory, with a tenth there and the others on disk
(in the system's temporary folder), and with a tenth and the others decoded again. Tells images/s of each, the share of
the time that waited for pictures, the memory of the process from tenth to tenth, and by how much it grew over the last
two thirds of the steps.

Examples:
  cf bench data --data lfw-112
  cf bench data --data lfw-112 --steps 74 --rounds 3 --augment-colour 0.4 --augment-blur 0.2
  cf bench data --backbone mobilefacenet --batch 64 --steps 10 --json
`;

/** `cf bench data`. @param measure the arguments with which Node runs one measurement */
export function benchDataCommand(measure: (task: 'data-task') => readonly string[]): Command {
  const command = new Command('data')
    .description(
      'Images/s and memory of a training whose pictures do not fit into memory, beside one whose do.',
    )
    .option('--data <folder>', 'pictures, one folder an identity (default: drawn identities)')
    .option('--backbone <name>', 'what is trained', 'tiny-iresnet')
    .option('--batch <n>', 'pictures a step', number, 128)
    .option('--steps <n>', 'steps that count', number, 30)
    .option('--rounds <n>', 'times that all are measured, in turn; the middle ratios are told', number, 1)
    .option('--threads <n>', 'threads of the processor', number, availableParallelism())
    .option('--data-workers <n>', 'threads that read and change pictures', number)
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', EXAMPLES);
  for (const one of Object.values<Setting>(augmentation))
    for (const option of optionsOf(one)) command.addOption(option);
  return command.action(async ({ steps, rounds, json, ...flags }: DataFlags) => {
    requireInteger('steps', steps, 10, 1e6);
    requireInteger('rounds', rounds, 1, 1000);
    const report = await benchData({ flags, steps, rounds }, measure('data-task'));
    console.log(json ? JSON.stringify(report) : formatData(report));
  });
}

/** One measurement, in a process of its own; the task comes as JSON. */
export function dataTaskCommand(): Command {
  return new Command('data-task').action(async () => {
    console.log(JSON.stringify(await measureData(JSON.parse(await text(process.stdin)))));
  });
}
