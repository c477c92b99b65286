import { Command, Option } from 'commander';
import { BENCH_MODELS } from '../bench/backbone/report.ts';
import { KERNEL_CHOICES } from '../engines/kernel-choice.ts';
import { tell } from '../report/tell.ts';
import { formatSimulation } from '../simulate/format-simulation.ts';
import { parseRange } from '../simulate/parse-range.ts';
import { simulate } from '../simulate/simulate.ts';
import type { SimulationPlan } from '../simulate/simulation-plan.ts';
import { number } from './options.ts';

interface SimulateFlags extends Omit<SimulationPlan, 'ids' | 'workers'> {
  readonly ids: string;
  readonly workers: string;
  readonly json: boolean;
}

const EXAMPLES = `
Measures steps of a head on one process, collectives and steps on two and three (by mpirun; Debian: apt install openmpi-bin),
fits what a product, a number and a byte cost, checks that against the steps, and prints a grid. A worker has --threads cores and
memory of its own; links cost what they cost between processes of this machine, or what --latency and --bandwidth say. Sums over
workers are as those of cf train: to one rank, and from it to all.

Examples:
  cf simulate
  cf simulate --ids 1e5..1e8 --workers 1..1024 --batch 64 --sample-rate 0.1
  cf simulate --ids 125e3,1e6,5.5e6,29e6 --workers 8 --latency 20 --bandwidth 12
  cf simulate --backbone-rate 600 --backbone-parameters 43590848 --json
`;

/** `cf simulate`. */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description(
      'How far many classes go: images/s, memory and communication on many workers, by a model fitted here.',
    )
    .option('--ids <range>', 'identities: FROM..TO by tens, or a list with commas', '1e5..1e8')
    .option('--workers <range>', 'workers: FROM..TO by twos, or a list with commas', '1..1024')
    .option('--dim <n>', 'length of an embedding', number, 512)
    .option('--batch <n>', 'pictures a step of one worker', number, 64)
    .option('--sample-rate <r>', 'share of the classes that a sampled step sees', number, 0.1)
    .option('--threads <n>', 'of a worker', number, 1)
    .addOption(new Option('--kernels <name>', 'what computes').choices(KERNEL_CHOICES).default('auto'))
    .addOption(
      new Option('--backbone <name>', 'network whose speed is measured')
        .choices(BENCH_MODELS)
        .default('tiny-iresnet'),
    )
    .option(
      '--backbone-rate <n>',
      'pictures a second that a worker trains on, in place of the measured',
      number,
    )
    .option('--backbone-parameters <n>', 'of the network, in place of its own', number)
    .option('--latency <µs>', 'of a network: of a call and each doubling of the ranks', number)
    .option('--bandwidth <GB/s>', 'of a network, with --latency', number)
    .option('--check-classes <n>', 'classes of the steps that the model is checked with', number, 100_000)
    .option('--rounds <n>', 'times that each is measured; the least is taken', number, 5)
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', EXAMPLES)
    .action(async ({ json, ids, workers, ...flags }: SimulateFlags) => {
      const plan = {
        ...flags,
        ids: parseRange('ids', ids, 10),
        workers: parseRange('workers', workers, 2),
      };
      const task = (name: string): readonly string[] => [
        ...process.execArgv,
        process.argv[1]!,
        'bench',
        name,
      ];
      const means = { ranks: task('ranks-task'), backbone: task('backbone-task'), say: tell };
      const simulation = await simulate(plan, means);
      console.log(json ? JSON.stringify(simulation) : formatSimulation(simulation));
    });
}
