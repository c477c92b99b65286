import { availableParallelism } from 'node:os';
import { measuredApart } from '../bench/backbone/bench-backbone.ts';
import { findMpirun, requireMpirun, runRanks, sharedBy } from '../bench/ranks/run-ranks.ts';
import { fitCollectives, fitSteps, type MeasuredCollective, type MeasuredStep } from './fit-costs.ts';
import type { WorkersMeasurement, WorkersTask } from './measure-workers.ts';
import type { WorkerPoint } from './open-worker.ts';
import {
  checkPlan,
  checkPoints,
  collectiveBytes,
  fittedPoints,
  linkOf,
  type SimulationPlan,
} from './simulation-plan.ts';
import {
  type BackboneCosts,
  type Costs,
  type LinkCosts,
  type SimulatedStep,
  STRATEGIES,
  type StepCosts,
  type Strategy,
  simulateStep,
  workOf,
} from './step-costs.ts';

/** A step of the model beside what it took here. */
export interface CheckedStep {
  readonly strategy: Strategy;
  readonly workers: number;
  readonly measuredSeconds: number;
  readonly modelSeconds: number;
  /** (model − measured) / measured. */
  readonly error: number;
}

/** A place of the grid, with all ways of spreading a training. */
export interface SimulatedPlace {
  readonly ids: number;
  readonly workers: number;
  readonly steps: Readonly<Record<Strategy, SimulatedStep>>;
}

/** What `cf simulate` prints. */
export interface Simulation extends SimulationPlan {
  readonly cores: number;
  readonly costs: Costs;
  /** Of processes of this machine; null where none could be measured. */
  readonly ownLink: LinkCosts | null;
  readonly collectives: readonly MeasuredCollective[];
  readonly steps: readonly MeasuredStep[];
  readonly checks: readonly CheckedStep[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
  readonly grid: readonly SimulatedPlace[];
}

/** The arguments with which Node runs tasks, and who is told what is measured. */
export interface SimulationMeans {
  readonly ranks: readonly string[];
  readonly backbone: readonly string[];
  readonly say: (line: string) => void;
  /** Where programs are looked for; the environment's by default. */
  readonly path?: string | undefined;
}

/** Ranks that are measured. */
const RANKS = [2, 3] as const;
/** Pictures a step of the network that is measured. */
const BACKBONE_BATCH = 32;
const NO_BACKBONE: BackboneCosts = { imagesPerSecond: Number.POSITIVE_INFINITY, parameters: 0 };

/**
 * Fits costs to what is measured here, checks them with steps of 1, 2 and 3 processes, and says what trainings of many
 * identities on many workers would come to.
 *
 * @throws OptionOutOfRangeError; BackendError that names the package, where nothing says what links cost
 */
export async function simulate(plan: SimulationPlan, means: SimulationMeans): Promise<Simulation> {
  checkPlan(plan);
  const { say } = means;
  const given = linkOf(plan);
  const hasMpi = findMpirun(means.path) !== undefined;
  if (!hasMpi && given === undefined)
    requireMpirun('cf simulate', means.path, '; or say --latency and --bandwidth of a network');
  const notes: string[] = [];
  const note = (line: string): void => {
    notes.push(line);
    say(line);
  };

  say('steps of one process');
  const fitted = fittedPoints(plan);
  const checked = checkPoints(plan);
  const one = await runWorkers(plan, 1, [...fitted, ...checked], means.ranks);
  const steps = fitted.map((point, k): MeasuredStep => {
    return {
      ...workOf(point.strategy, { ...point, workers: 1 }),
      dim: point.dim,
      seconds: one[0]!.steps[k]!,
    };
  });
  const stepCosts = fitSteps(steps);
  const measured = new Map<number, readonly (readonly number[])[]>([
    [1, one.map((rank) => rank.steps.slice(fitted.length))],
  ]);

  const collectives: MeasuredCollective[] = [];
  for (const ranks of hasMpi ? RANKS : []) {
    say(`steps and collectives of ${ranks} processes`);
    const each = await runWorkers(plan, ranks, checked, means.ranks);
    measured.set(
      ranks,
      each.map((rank) => rank.steps),
    );
    collectives.push(...collectivesOf(each, collectiveBytes(plan)));
  }
  if (!hasMpi)
    note(
      "collectives and steps of several processes: not measured, no mpirun here ('apt install openmpi-bin' on Debian)",
    );
  const ownLink = hasMpi ? fitCollectives(collectives) : null;
  const costs = {
    step: stepCosts,
    link: given ?? ownLink!,
    backbone: await backboneCosts(plan, means),
  };
  return {
    ...plan,
    cores: availableParallelism(),
    costs,
    ownLink,
    collectives,
    steps,
    checks: [...measured].flatMap(([workers, seconds]) =>
      checksOf(checked, workers, { seconds, threads: plan.threads, step: stepCosts, link: ownLink }),
    ),
    notes,
    grid: gridOf(plan, costs),
  };
}

/** All places of the grid. */
export function gridOf(
  {
    ids,
    workers,
    dim,
    batch,
    sampleRate,
  }: Pick<SimulationPlan, 'ids' | 'workers' | 'dim' | 'batch' | 'sampleRate'>,
  costs: Costs,
): readonly SimulatedPlace[] {
  return ids.flatMap((count) =>
    workers.map((size) => {
      const setting = { ids: count, workers: size, dim, batch, sampleRate };
      const steps = STRATEGIES.map((strategy) => [strategy, simulateStep(strategy, setting, costs)] as const);
      return {
        ids: count,
        workers: size,
        steps: Object.fromEntries(steps) as Record<Strategy, SimulatedStep>,
      };
    }),
  );
}

function runWorkers(
  plan: SimulationPlan,
  size: number,
  points: readonly WorkerPoint[],
  command: readonly string[],
): Promise<readonly WorkersMeasurement[]> {
  const { kernels, threads, rounds } = plan;
  const task: WorkersTask = {
    ...{ kind: 'workers', kernels, threads, rounds, points },
    collectives: collectiveBytes(plan),
  };
  return runRanks(size, command, task, 'cf simulate');
}

/** Of all ranks: each waits for the last. */
function collectivesOf(
  each: readonly WorkersMeasurement[],
  sizes: readonly number[],
): readonly MeasuredCollective[] {
  const last = (seconds: (rank: WorkersMeasurement) => number): number => Math.max(...each.map(seconds));
  const common = { ranks: each.length, shared: sharedBy(each.length) };
  return sizes.flatMap((bytes, k) => [
    { ...common, operation: 'all-reduce', bytes, seconds: last(({ allReduce }) => allReduce[k]!) },
    { ...common, operation: 'all-gather', bytes, seconds: last(({ allGather }) => allGather[k]!) },
  ]);
}

/** What the model says of the steps that were measured, no network in them. */
function checksOf(
  points: readonly WorkerPoint[],
  workers: number,
  {
    seconds,
    threads,
    step,
    link,
  }: {
    /** By rank, of all points. */
    readonly seconds: readonly (readonly number[])[];
    readonly threads: number;
    readonly step: StepCosts;
    readonly link: LinkCosts | null;
  },
): readonly CheckedStep[] {
  const costs = {
    step,
    link: link ?? { latency: 0, perReducedByte: 0, perGatheredByte: 0 },
    backbone: NO_BACKBONE,
  };
  return points.map(({ strategy, ...point }, k) => {
    const setting = { ...point, workers, shared: sharedBy(workers * threads) };
    const modelSeconds = simulateStep(strategy, setting, costs).seconds;
    const measuredSeconds = Math.max(...seconds.map((rank) => rank[k]!));
    return {
      ...{ strategy, workers, measuredSeconds, modelSeconds },
      error: (modelSeconds - measuredSeconds) / measuredSeconds,
    };
  });
}

async function backboneCosts(
  { backbone, backboneRate, backboneParameters, threads, kernels }: SimulationPlan,
  { backbone: command, say }: SimulationMeans,
): Promise<BackboneCosts> {
  if (backboneRate !== undefined && backboneParameters !== undefined)
    return { imagesPerSecond: backboneRate, parameters: backboneParameters };
  say(`${backbone}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`);
  const task = { model: backbone, batch: BACKBONE_BATCH, threads, kernels, runs: 3 };
  const { imagesPerSecond, parameters } = await measuredApart(task, command);
  return {
    imagesPerSecond: backboneRate ?? imagesPerSecond,
    parameters: backboneParameters ?? parameters,
  };
}
