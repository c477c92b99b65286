import { availableParallelism, loadavg } from 'node:os';
import { answer, skippedFor } from '../python.ts';
import { RATIO_SOURCES, type RatioSource } from './ratio-sources.ts';
import { type KeptRatio, machineName } from './ratios-file.ts';

/** Share by which a ratio may fall before it is told. */
export const TOLERANCE = 0.15;

/** Load of a thread above which others are in the way. */
const BUSY = 0.5;

/** A ratio beside the one that was kept. */
export interface CheckedRatio extends KeptRatio {
  /** What the file has; null where it has none. */
  readonly before: number | null;
  /** Now over before, less one. */
  readonly change: number | null;
  /** By more than the tolerance. */
  readonly fell: boolean;
}

/** What `cf bench check` prints. */
export interface CheckReport {
  readonly machine: string;
  /** Machines of the file that are others than this one. */
  readonly otherMachines: readonly string[];
  readonly tolerance: number;
  /** Processes that waited for the processor before anything was measured, by its thread; 0 where it is not told. */
  readonly load: number;
  readonly checked: readonly CheckedRatio[];
  /** What could not be measured here, and why. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

export interface CheckOptions {
  /** What the file has. */
  readonly kept: readonly KeptRatio[];
  /** Only commands that contain this. */
  readonly only: string | undefined;
  /** The arguments with which Node runs this program. */
  readonly program: readonly string[];
  readonly python: string;
  readonly say: (line: string) => void;
  readonly sources?: readonly RatioSource[];
}

/** Measures every ratio again. What can't be measured is among the skipped ones, with the reason. */
export async function checkRatios(options: CheckOptions): Promise<CheckReport> {
  const { kept, only = '', program, python, say, sources = RATIO_SOURCES } = options;
  const machine = machineName();
  const load = loadavg()[0]! / availableParallelism();
  const checked: CheckedRatio[] = [];
  const skipped: { name: string; reason: string }[] = [];
  const chosen = sources.filter(({ args }) => args.join(' ').includes(only));
  for (const [i, source] of chosen.entries()) {
    const command = ['cf', ...source.args].join(' ');
    say(`${i + 1} of ${chosen.length}: ${command}`);
    try {
      const report = await answer<never>(
        process.execPath,
        [...program, ...source.args, ...(source.hasPeer ? ['--python', python] : []), '--json'],
        {},
      );
      const measured = {
        limitGflopPerSecond: source.limitGflopPerSecond(report),
        machine,
        date: today(),
        command,
      };
      for (const { name, ratio, skipped: reason = 'not measured' } of source.ratios(report)) {
        if (ratio === undefined) skipped.push({ name, reason });
        else checked.push(beside(kept, { name, ratio, ...measured }));
      }
    } catch (error) {
      skipped.push({ name: command, reason: skippedFor(error) });
    }
  }
  const machines = new Set(kept.map((one) => one.machine).filter((name) => name !== machine));
  return { machine, otherMachines: [...machines], tolerance: TOLERANCE, load, checked, skipped };
}

function beside(kept: readonly KeptRatio[], now: KeptRatio): CheckedRatio {
  const before = kept.find(({ name }) => name === now.name)?.ratio ?? null;
  const change = before === null ? null : now.ratio / before - 1;
  return { ...now, before, change, fell: change !== null && change < -TOLERANCE };
}

/** The file's ratios with what was measured in their place; what could not be measured stays. */
export function ratiosAnew(kept: readonly KeptRatio[], { checked }: CheckReport): readonly KeptRatio[] {
  const fresh = new Map(
    checked.map(({ name, ratio, limitGflopPerSecond, machine, date, command }): [string, KeptRatio] => [
      name,
      {
        name,
        ratio: rounded(ratio),
        limitGflopPerSecond: rounded(limitGflopPerSecond),
        machine,
        date,
        command,
      },
    ]),
  );
  const stays = kept.filter(({ name }) => !fresh.has(name));
  const inPlace = kept.flatMap(({ name }) => fresh.get(name) ?? []);
  const added = [...fresh.values()].filter(({ name }) => kept.every((one) => one.name !== name));
  return [...inPlace, ...added, ...stays];
}

/** What the command says. */
export function checkText(report: CheckReport): string {
  const { machine, otherMachines, checked, skipped, tolerance, load } = report;
  const lines = checked.map(({ name, ratio, before, change, fell }) => {
    const told =
      change === null
        ? 'new'
        : `${change < 0 ? '' : '+'}${(100 * change).toFixed(0)} % of ${before!.toFixed(2)}`;
    return `${fell ? 'FELL ' : '     '}${ratio.toFixed(2).padStart(6)}  ${told.padEnd(15)}  ${name}`;
  });
  const fallen = checked.filter(({ fell }) => fell).length;
  return [
    machine,
    ...(load > BUSY
      ? [`others use the machine (load ${load.toFixed(1)} a thread): take these ratios with care`]
      : []),
    ...otherMachines.map((name) => `the file was measured elsewhere: ${name}`),
    ...lines,
    ...skipped.map(({ name, reason }) => `skipped: ${name} (${reason})`),
    `${checked.length} measured, ${fallen} fell by more than ${(100 * tolerance).toFixed(0)} %, ${skipped.length} skipped`,
  ].join('\n');
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
