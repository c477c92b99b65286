import { Command, Option } from 'commander';
import { benchRanks, formatRanks, type RanksPlan } from '../bench/ranks/bench-ranks.ts';
import { KERNEL_CHOICES } from '../engines/kernel-choice.ts';
import { tell } from '../report/tell.ts';
import { number } from './options.ts';

interface RanksFlags extends RanksPlan {
  readonly json: boolean;
}

const EXAMPLES = `
A step of a head over all classes in one process of one thread, while the other cores idle, and in several such processes, the
same work for each:
  apart     each does what the one does, and nothing is exchanged: what cores and memory of this machine give
  ranks     one head, --classes on each rank, the same embeddings for all
  gathered  one head of --classes over all ranks, --batch embeddings from each: as in a training
Efficiency is the time of the one process over theirs. It starts its own mpirun (Debian: apt install openmpi-bin).

Examples:
  cf bench ranks
  cf bench ranks --classes 1000000 --batch 128 --steps 2
  cf bench ranks --ranks 4 --json
`;

/** `cf bench ranks`. @param command the arguments with which Node runs a task of ranks */
export function benchRanksCommand(command: readonly string[]): Command {
  return new Command('ranks')
    .description('What a head of several processes costs beside one, the same work for each.')
    .option('--ranks <n>', 'processes, of one thread each', number, 2)
    .option('--classes <n>', 'class centers that one process has', number, 200_000)
    .option('--dim <n>', 'length of an embedding', number, 512)
    .option('--batch <n>', 'embeddings a step of one process', number, 64)
    .addOption(new Option('--kernels <name>', 'what multiplies').choices(KERNEL_CHOICES).default('auto'))
    .option('--steps <n>', 'steps of each in a round', number, 3)
    .option('--rounds <n>', 'times that all are measured, in turn; medians are told', number, 7)
    .option('--seed <n>', 'of the batch', number, 1)
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', EXAMPLES)
    .action(async ({ json, ...plan }: RanksFlags) => {
      tell(`${plan.ranks} ranks: ${plan.rounds} rounds`);
      const report = await benchRanks(plan, command);
      console.log(json ? JSON.stringify(report) : formatRanks(report));
    });
}

/** What one rank does, hidden: its task lies in a folder. */
export function ranksTaskCommand(): Command {
  return new Command('ranks-task').argument('<folder>').action(async (folder: string) => {
    const { runRankTask } = await import('../bench/ranks/rank-task.ts');
    await runRankTask(folder);
  });
}
