import { availableParallelism } from 'node:os';
import { requireInteger } from '@cf/core';
import { alignedLines } from '../../report/text-table.ts';
import { median } from '../timing.ts';
import { type EfficiencyMeasurement, type EfficiencyTask, PHASES, type Phase } from './measure-efficiency.ts';
import { runRanks } from './run-ranks.ts';

/** What to measure. */
export interface RanksPlan extends Omit<EfficiencyTask, 'kind'> {
  readonly ranks: number;
}

/** One way of stepping. */
export interface RanksPhase {
  readonly name: Phase;
  /** Of a step; of ranks that work together, of the last to end. */
  readonly medianSeconds: number;
  /** Of the step that was disturbed least: far below the median where others use the machine too. */
  readonly leastSeconds: number;
  /** Of rank 0's processor: what is left to compare where others use the machine too. */
  readonly cpuSeconds: number;
  /** The time of one process alone over this, for the same work of each. */
  readonly efficiency: number;
  /** In calls of the communicator of a step, waiting included. */
  readonly communicationSeconds: number;
  readonly calls: number;
  /** That a rank hands in, a step. */
  readonly bytes: number;
}

/** What `cf bench ranks` prints. */
export interface RanksReport extends RanksPlan {
  readonly cores: number;
  readonly phases: readonly RanksPhase[];
}

/** Measures a head of one process beside that of several ranks. @throws OptionOutOfRangeError; BackendError without MPI */
export async function benchRanks(
  { ranks, ...task }: RanksPlan,
  command: readonly string[],
): Promise<RanksReport> {
  requireInteger('ranks', ranks, 2, 64);
  for (const name of ['classes', 'dim', 'batch', 'rounds', 'steps'] as const)
    requireInteger(name, task[name], name === 'classes' ? ranks : 1, 1e8);
  const job: EfficiencyTask = { kind: 'efficiency', ...task };
  const measured = await runRanks<EfficiencyMeasurement>(ranks, command, job, 'cf bench ranks');
  return { ranks, ...task, cores: availableParallelism(), phases: phasesOf(measured) };
}

/** All phases over what each rank has measured. */
export function phasesOf(measured: readonly EfficiencyMeasurement[]): readonly RanksPhase[] {
  const alone = median(measured[0]!.seconds.alone);
  return PHASES.map((name) => {
    const medianSeconds = phaseSeconds(name, measured, median);
    const traffic = measured[0]!.traffic[name];
    return {
      name,
      medianSeconds,
      leastSeconds: phaseSeconds(name, measured, least),
      cpuSeconds: median(measured[0]!.cpuSeconds[name]),
      efficiency: alone / medianSeconds,
      communicationSeconds: median(traffic.map(({ seconds }) => seconds)),
      calls: median(traffic.map(({ calls }) => calls)),
      bytes: median(traffic.map(({ bytes }) => bytes)),
    };
  });
}

const least = (seconds: readonly number[]): number => Math.min(...seconds);

function phaseSeconds(
  name: Phase,
  measured: readonly EfficiencyMeasurement[],
  summary: (seconds: readonly number[]) => number,
): number {
  const each = measured.map(({ seconds }) => seconds[name]);
  if (name === 'alone') return summary(each[0]!);
  // Those that do not know of each other need not end together.
  if (name === 'beside') return each.reduce((sum, seconds) => sum + summary(seconds), 0) / each.length;
  return summary(each[0]!.map((_, step) => Math.max(...each.map((seconds) => seconds[step]!))));
}

/** A report as lines of text. */
export function formatRanks(report: RanksReport): string {
  const { ranks, batch, dim, classes, rounds, steps, cores, phases } = report;
  const of = (name: Phase): RanksPhase => phases.find((phase) => phase.name === name)!;
  const ms = (seconds: number): string => `${(1000 * seconds).toFixed(1)} ms`;
  const row = (name: string, phase: Phase, what: string): readonly string[] => {
    const { medianSeconds, leastSeconds, cpuSeconds, efficiency } = of(phase);
    return [
      name,
      ms(medianSeconds),
      ms(leastSeconds),
      ms(cpuSeconds),
      phase === 'alone' ? '' : efficiency.toFixed(2),
      what,
    ];
  };
  const traffic = (phase: Phase): string => {
    const { communicationSeconds, calls, bytes } = of(phase);
    return `${calls} calls with ${(bytes / 1e6).toFixed(1)} MB a rank take ${ms(communicationSeconds)}, waiting included`;
  };
  const [machine, head] = [of('beside').efficiency, of('ranks').efficiency];
  return [
    `curricularface on onnx, ${ranks} ranks of one thread on ${cores} cores: batch ${batch}, ${dim}-d, ${classes} classes for each; medians of ${rounds} rounds of ${steps} steps`,
    ...(ranks > cores
      ? [
          `ranks share cores, ${ranks} on ${cores}: a step takes at least ${(ranks / cores).toFixed(2)} times as long`,
        ]
      : []),
    ...alignedLines([
      ['', 'a step', 'least', 'CPU', 'efficiency', ''],
      row('one process', 'alone', 'the others asleep'),
      row(`${ranks} apart`, 'beside', "the same in each, nothing exchanged: the machine's own limit"),
      row(`${ranks} ranks`, 'ranks', `${ranks * classes} classes in all; ${traffic('ranks')}`),
      row(
        `${ranks} ranks, gathered`,
        'gathered',
        `${classes} classes in all, a batch of ${ranks * batch}; ${traffic('gathered')}`,
      ),
    ]),
    `efficiency ${head.toFixed(2)}: ${machine.toFixed(2)} of the machine × ${(head / machine).toFixed(2)} of communication`,
  ].join('\n');
}
