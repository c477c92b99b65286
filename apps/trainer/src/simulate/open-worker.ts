import {
  type Backend,
  type Communicator,
  createLoss,
  type GradientTaker,
  type HeadInput,
  handOver,
  sampleClasses,
} from '@cf/core';
import { arrayOptimiser, rowUpdate, sgd, shareOf } from '@cf/training';
import { gatherRows } from '../bench/ranks/gather-rows.ts';
import { fillUniform, uniform, uniformFloats } from '../bench/uniform.ts';
import { type Setting, type Strategy, workOf } from './step-costs.ts';

/** A step that is measured: how it is spread, and over what. Its workers are the ranks that measure it. */
export interface WorkerPoint extends Omit<Setting, 'workers' | 'shared'> {
  readonly strategy: Strategy;
}

/** Arrays that the workers of one process share: they step in turn. */
export interface WorkerArrays {
  readonly weights: Float32Array;
  readonly momentum: Float32Array;
  readonly gradient: Float32Array;
  /** Class centers that are gathered. */
  readonly rows: Float32Array;
}

const MOMENTUM = 0.9;
const DECAY = 5e-4;
const LEARNING_RATE = 0.1;
const SEED = 1;

/** Arrays that are long enough for all of some points. */
export function workerArrays(points: readonly WorkerPoint[], ranks: Communicator | undefined): WorkerArrays {
  const most = (length: (point: WorkerPoint) => number): number => Math.max(0, ...points.map(length));
  const held = most((point) => heldBy(point, ranks) * point.dim);
  const gathered = most((point) => (point.strategy === 'sampled' ? heldBy(point, ranks) * point.dim : 0));
  return {
    weights: fillUniform(new Float32Array(held), uniform(SEED + (ranks?.rank ?? 0)), 0.01),
    // Written to, so that the first step of all does not wait for pages.
    momentum: new Float32Array(held).fill(0),
    gradient: new Float32Array(held).fill(1),
    rows: new Float32Array(gathered).fill(1),
  };
}

function heldBy({ strategy, ids }: WorkerPoint, ranks: Communicator | undefined): number {
  return strategy === 'data-parallel' ? ids : countOf(shareOf(ids, ranks));
}

const countOf = ({ from, to }: { readonly from: number; readonly to: number }): number => to - from;

/** The step of one rank: a head of CurricularFace with the update of its class centers, embeddings given. */
export interface Worker {
  step(): Promise<void>;
  dispose(): void;
}

/** @param ranks the others; none where this process is the only one */
export async function openWorker(
  point: WorkerPoint,
  arrays: WorkerArrays,
  backend: Backend,
  ranks: Communicator | undefined,
): Promise<Worker> {
  const { strategy, ids, dim, batch, sampleRate } = point;
  const isWhole = strategy === 'data-parallel';
  const share = isWhole ? { from: 0, to: ids } : shareOf(ids, ranks);
  const size = ranks?.size ?? 1;
  const { samples } = workOf(strategy, { ...point, workers: size });
  const draw = uniform(SEED);
  const embeddings = uniformFloats(samples * dim, draw, 0.01);
  const own = embeddings.slice(0, batch * dim);
  const labels = Int32Array.from({ length: samples }, () => {
    const label = Math.floor(draw() * ids);
    return label >= share.from && label < share.to ? label - share.from : -1;
  });
  const held = countOf(share) * dim;
  const [values, momentum] = [arrays.weights.subarray(0, held), arrays.momentum.subarray(0, held)];
  const rule = arrayOptimiser(sgd({ momentum: MOMENTUM }), DECAY);
  const head = await backend.createHead(
    createLoss('curricularface'),
    ranks === undefined || isWhole ? {} : { communicator: ranks, firstClass: share.from },
  );
  const common = { embeddings, dim, countNegatives: false };
  let count = 0;
  const mover = (): GradientTaker =>
    rowUpdate({
      ...{ rule, values, optimiser: { momentum }, dim },
      ...{ learningRate: LEARNING_RATE, updateNumber: count },
    });
  const whole = async (): Promise<void> => {
    const gradWeights = arrays.gradient.subarray(0, held);
    const output = await head.step({ ...common, labels, weights: values, gradWeights });
    if (isWhole) await ranks?.allReduce(output.gradWeights, 'sum');
    handOver(output, mover());
  };
  const sampled = async (): Promise<void> => {
    const drawn = sampleClasses(labels, held / dim, { rate: sampleRate, seed: SEED }, count).ids;
    const places = new Map(Array.from(drawn, (id, place) => [id, place]));
    const rows = arrays.rows.subarray(0, drawn.length * dim);
    for (const [place, id] of drawn.entries())
      rows.set(values.subarray(id * dim, (id + 1) * dim), place * dim);
    const input: HeadInput = {
      ...common,
      labels: labels.map((label) => places.get(label) ?? -1),
      weights: rows,
      gradWeights: arrays.gradient.subarray(0, rows.length),
      sampled: { ids: drawn, classes: ids },
    };
    const { gradWeights } = await head.step(input);
    const taker = mover();
    drawn.forEach((first, place) => {
      taker.take({ first, values: gradWeights.subarray(place * dim, (place + 1) * dim) });
    });
  };
  return {
    async step() {
      count++;
      if (ranks !== undefined && !isWhole) await gatherRows(own, embeddings, ranks);
      await (strategy === 'sampled' ? sampled : whole)();
    },
    dispose: () => head.dispose(),
  };
}
