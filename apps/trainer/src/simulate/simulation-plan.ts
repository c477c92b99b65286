import { OptionOutOfRangeError, requireInteger, requirePositive, requireRange } from '@cf/core';
import { BENCH_MODELS, type BenchModel } from '../bench/backbone/report.ts';
import type { KernelChoice } from '../engines/kernel-choice.ts';
import { UsageError } from '../errors.ts';
import type { WorkerPoint } from './open-worker.ts';
import { type LinkCosts, STRATEGIES } from './step-costs.ts';

/** What to simulate, and what to measure for it. */
export interface SimulationPlan {
  /** Identities. */
  readonly ids: readonly number[];
  readonly workers: readonly number[];
  readonly dim: number;
  /** Pictures a step of one worker. */
  readonly batch: number;
  readonly sampleRate: number;
  /** Of a worker. */
  readonly threads: number;
  readonly kernels: KernelChoice;
  readonly backbone: BenchModel;
  /** Pictures a second that a worker trains on; measured by default. */
  readonly backboneRate?: number;
  /** Of the network; by default those of `backbone`. */
  readonly backboneParameters?: number;
  /** Of a network between machines, in microseconds a call and doubling of ranks; measured between processes by default. */
  readonly latency?: number;
  /** In GB/s; measured between processes by default. */
  readonly bandwidth?: number;
  /** Classes of the steps that the model is checked with. */
  readonly checkClasses: number;
  /** Times that each is measured. */
  readonly rounds: number;
}

const COLLECTIVE_BYTES: readonly number[] = [8, 2 ** 14, 2 ** 18, 2 ** 20, 2 ** 22, 2 ** 24];

/** @throws OptionOutOfRangeError */
export function checkPlan(plan: SimulationPlan): void {
  requireInteger('dim', plan.dim, 1, 65_536);
  requireInteger('batch', plan.batch, 1, 65_536);
  requireInteger('threads', plan.threads, 1, 1024);
  requireInteger('rounds', plan.rounds, 1, 1000);
  requireInteger('checkClasses', plan.checkClasses, 100, 1e8);
  requireRange('sampleRate', plan.sampleRate, 0, 1, 'exclusive lower bound');
  for (const name of ['backboneRate', 'latency', 'bandwidth'] as const)
    if (plan[name] !== undefined) requirePositive(name, plan[name]);
  if (plan.backboneParameters !== undefined)
    requireInteger('backboneParameters', plan.backboneParameters, 0, 1e12);
  if (!BENCH_MODELS.includes(plan.backbone))
    throw new OptionOutOfRangeError('backbone', plan.backbone, `one of ${BENCH_MODELS.join(', ')}`);
}

/** The link that flags describe: what is reduced goes to one rank and back to all. */
export function linkOf({ latency, bandwidth }: SimulationPlan): LinkCosts | undefined {
  if (latency === undefined && bandwidth === undefined) return undefined;
  if (latency === undefined || bandwidth === undefined)
    throw new UsageError(
      latency === undefined ? '--bandwidth without --latency' : '--latency without --bandwidth',
      'both, or none',
      'say both of a network; without them they are measured between processes of this machine.',
    );
  const perByte = 1 / (1e9 * bandwidth);
  return { latency: latency / 1e6, perReducedByte: 2 * perByte, perGatheredByte: perByte };
}

/** What costs are fitted to: two batches at three numbers of classes, few classes, and drawn classes. */
export function fittedPoints({ checkClasses, dim, batch }: SimulationPlan): readonly WorkerPoint[] {
  const [few, some, many, most] = [100, 10, 3, 1.25].map((part) => Math.ceil(checkClasses / part)) as [
    number,
    number,
    number,
    number,
  ];
  const full = (ids: number, samples: number): WorkerPoint => {
    return { strategy: 'data-parallel', ids, dim, batch: samples, sampleRate: 1 };
  };
  const drawn = (ids: number, sampleRate: number): WorkerPoint => {
    return { strategy: 'sampled', ids, dim, batch, sampleRate };
  };
  return [
    ...[few, some, many, most].map((ids) => full(ids, batch)),
    ...[few, some, many].map((ids) => full(ids, 4 * batch)),
    drawn(most, 0.1),
    drawn(most, 0.4),
  ];
}

/** What the model is checked with, at every number of processes. */
export function checkPoints({
  checkClasses,
  dim,
  batch,
  sampleRate,
}: SimulationPlan): readonly WorkerPoint[] {
  return STRATEGIES.map((strategy) => ({ strategy, ids: checkClasses, dim, batch, sampleRate }));
}

/** Sizes of the collectives that are measured: up to what the steps of the check send. */
export function collectiveBytes({ checkClasses, dim }: SimulationPlan): readonly number[] {
  const most = Float32Array.BYTES_PER_ELEMENT * checkClasses * dim;
  return COLLECTIVE_BYTES.filter((bytes, k) => k < 3 || bytes <= most);
}
