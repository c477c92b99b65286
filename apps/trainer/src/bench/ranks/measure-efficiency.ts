import { type Backend, type Communicator, createLoss, type HeadInput } from '@cf/core';
import type { KernelChoice } from '../../engines/kernel-choice.ts';
import { openBackend } from '../../engines/open-backend.ts';
import { secondsOf } from '../timing.ts';
import { fillUniform, uniform, uniformFloats } from '../uniform.ts';
import { gatherRows } from './gather-rows.ts';
import { QuietMeeting } from './quiet-meeting.ts';
import { type Traffic, timedCommunicator } from './timed-communicator.ts';

/** How CurricularFace scales over ranks of one thread each. */
export interface EfficiencyTask {
  readonly kind: 'efficiency';
  readonly kernels: KernelChoice;
  /** C, of one process alone. */
  readonly classes: number;
  readonly dim: number;
  /** B, of one process alone. */
  readonly batch: number;
  /** Times that all is measured, in turn. */
  readonly rounds: number;
  /** Steps of each that count in a round. */
  readonly steps: number;
  readonly seed: number;
}

/**
 * What is measured in turn. `alone`: rank 0, while the others sleep. `beside`: the same on each rank, none knowing of the
 * others. `ranks`: one head, C classes on each, the same B embeddings for all. `gathered`: one head of C classes over all
 * ranks, and B embeddings from each. A rank multiplies as much in all of them.
 */
export const PHASES = ['alone', 'beside', 'ranks', 'gathered'] as const;
export type Phase = (typeof PHASES)[number];

/** What one rank has measured: of every step. */
export interface EfficiencyMeasurement {
  /** None of `alone` but on rank 0. */
  readonly seconds: Readonly<Record<Phase, readonly number[]>>;
  /** Of the processor, over all threads: those that wait for others included, and those of other programs not. */
  readonly cpuSeconds: Readonly<Record<Phase, readonly number[]>>;
  /** In calls of the communicator. */
  readonly traffic: Readonly<Record<Phase, readonly Traffic[]>>;
}

const WARM_UP = 2;

/** On every rank. @param folder that all of them see, for their meetings */
export async function measureEfficiency(
  task: EfficiencyTask,
  ranks: Communicator,
  folder: string,
): Promise<EfficiencyMeasurement> {
  const { rank, size } = ranks;
  const communicator = timedCommunicator(ranks);
  const backend = await openBackend('onnx', { threads: 1, kernels: task.kernels });
  const meeting = new QuietMeeting(folder, rank, size);
  const phases = await openPhases(task, backend, communicator);
  const seconds: Record<Phase, number[]> = { alone: [], beside: [], ranks: [], gathered: [] };
  const cpuSeconds: Record<Phase, number[]> = { alone: [], beside: [], ranks: [], gathered: [] };
  const traffic: Record<Phase, Traffic[]> = { alone: [], beside: [], ranks: [], gathered: [] };
  for (let round = 0; round <= task.rounds; round++) {
    const counts = round > 0;
    for (const phase of PHASES) {
      await meeting.meet();
      if (phase === 'alone' && rank !== 0) continue;
      for (let step = 0; step < (counts ? task.steps : WARM_UP); step++) {
        communicator.take();
        const before = process.cpuUsage();
        const taken = await secondsOf(phases[phase]);
        if (!counts) continue;
        const { user, system } = process.cpuUsage(before);
        seconds[phase].push(taken);
        cpuSeconds[phase].push((user + system) / 1e6);
        traffic[phase].push(communicator.take());
      }
    }
  }
  await meeting.meet();
  await backend.dispose();
  return { seconds, cpuSeconds, traffic };
}

/** A step of each phase. */
async function openPhases(
  { classes, dim, batch, seed }: EfficiencyTask,
  backend: Backend,
  communicator: Communicator,
): Promise<Readonly<Record<Phase, () => Promise<unknown>>>> {
  const { rank, size } = communicator;
  // The samples of a step are the same on all ranks, their class centers are not.
  const draw = uniform(seed);
  const embeddings = uniformFloats(size * batch * dim, draw, 0.01);
  const places = Float64Array.from({ length: size * batch }, draw);
  const weights = fillUniform(new Float32Array(classes * dim), uniform(seed + 1 + rank), 0.01);
  const gradWeights = new Float32Array(weights.length).fill(1);
  /** Labels over all classes, as the rank takes them that holds `count` from the first of its own on. */
  const labelsOf = (samples: number, all: number, firstClass: number, count: number): Int32Array =>
    Int32Array.from({ length: samples }, (_, i) => {
      const own = Math.floor(places[i]! * all) - firstClass;
      return own >= 0 && own < count ? own : -1;
    });
  const inputOf = (
    of: Pick<HeadInput, 'embeddings'>,
    [all, firstClass, count]: readonly [number, number, number],
  ): HeadInput => ({
    ...of,
    labels: labelsOf(of.embeddings.length / dim, all, firstClass, count),
    weights: weights.subarray(0, count * dim),
    gradWeights: gradWeights.subarray(0, count * dim),
    dim,
    countNegatives: false,
  });
  const loss = createLoss('curricularface');
  const cut = (k: number): number => Math.floor((k * classes) / size);
  const [whole, wide, shard] = await Promise.all([
    backend.createHead(loss),
    backend.createHead(loss, { communicator, firstClass: rank * classes }),
    backend.createHead(loss, { communicator, firstClass: cut(rank) }),
  ]);
  const same = { embeddings: embeddings.subarray(0, batch * dim) };
  const all = { embeddings: embeddings.slice() };
  const mine = embeddings.subarray(rank * batch * dim, (rank + 1) * batch * dim);
  const alone = inputOf(same, [classes, 0, classes]);
  const own = inputOf(same, [size * classes, rank * classes, classes]);
  const share = inputOf(all, [classes, cut(rank), cut(rank + 1) - cut(rank)]);
  return {
    alone: () => whole.step(alone),
    beside: () => whole.step(alone),
    ranks: () => wide.step(own),
    async gathered() {
      await gatherRows(mine, all.embeddings, communicator);
      await shard.step(share);
    },
  };
}
