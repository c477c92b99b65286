import { describe, expect, test } from 'vitest';
import type { HeadInput, HeadOutput } from '../head/contract.ts';
import { initialState } from '../losses/loss-state.ts';
import type { MarginLoss } from '../losses/margin-loss.ts';
import { createLoss, LOSS_NAMES, type LossParameters } from '../losses/registry.ts';
import { keyedNormal } from '../random/margin-draws.ts';
import { addGradients } from './gradients.ts';
import { HardNegativeCounter } from './hard-negatives.ts';
import { mergeLogSumExp, negativeLogSumExp } from './log-sum-exp.ts';
import { marginDraws, prepareBatch } from './prepare-batch.ts';
import { reduceBatch } from './reduce-batch.ts';
import { referenceStep } from './reference-step.ts';
import { NO_TARGET, targetPoints } from './target-points.ts';
import { tileStream } from './tiles.ts';
import { plainRows, unitRows } from './unit-rows.ts';

const BATCH = 9;
const CLASSES = 11;
const DIM = 5;

const fill = (count: number, seed: number, size = 1): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => size * keyedNormal(seed, 0, i));

function problem(loss: MarginLoss): HeadInput {
  const embeddings = fill(BATCH * DIM, 1, loss.geometry === 'cosine' ? 8 : 1);
  embeddings.fill(0, 3 * DIM, 4 * DIM);
  return {
    embeddings,
    weights: fill(CLASSES * DIM, 2),
    labels: Array.from({ length: BATCH }, (_, i) => (4 * i + 1) % CLASSES),
    dim: DIM,
    sampleWeights: Array.from({ length: BATCH }, (_, i) => 0.5 + (i % 3)),
    ...(loss.bias ? { bias: fill(CLASSES, 3) } : {}),
  };
}

type Gradients = Pick<
  HeadOutput,
  'loss' | 'losses' | 'gradEmbeddings' | 'gradWeights' | 'gradBias' | 'state'
>;

/** One step whose classes are split at `cuts`, by the phases that a sharded head has, sums in place of all-reduces. */
function shardedStep(
  loss: MarginLoss,
  input: HeadInput,
  cuts: readonly number[],
): Gradients & { hard: number } {
  const state = initialState(loss);
  const x = (loss.geometry === 'inner' ? plainRows : unitRows)(input.embeddings, DIM, 0, BATCH);
  const sampleWeights = Float64Array.from(input.sampleWeights!);
  const shards = [0, ...cuts].map((from, index) => {
    const to = cuts[index] ?? CLASSES;
    const weights = input.weights.subarray(from * DIM, to * DIM);
    const bias = input.bias?.subarray(from, to);
    const labels = Int32Array.from(input.labels, (y) => (y >= from && y < to ? y - from : NO_TARGET));
    return {
      labels,
      points: targetPoints(loss, x, weights, bias, labels),
      stream: tileStream(loss.geometry, x, weights, bias, 2),
      sums: {
        embeddings: new Float64Array(BATCH * DIM),
        weights: new Float64Array((to - from) * DIM),
        bias: loss.bias ? new Float64Array(to - from) : undefined,
      },
    };
  });
  const allReduce = (parts: readonly Float64Array[]): Float64Array =>
    parts[0]!.map((_, i) => parts.reduce((sum, part) => sum + part[i]!, 0));
  const concatenate = (parts: readonly Float64Array[]): Float64Array =>
    Float64Array.from(parts.flatMap((part) => [...part]));

  const cos = allReduce(shards.map(({ points }) => points.cos));
  const sin = allReduce(shards.map(({ points }) => points.sin));
  const keys = Array.from({ length: BATCH }, (_, i) => i);
  const draws = marginDraws(loss, state, 'train', keys, undefined);
  const prepared = prepareBatch(loss, cos, sin, x.norms, draws, state, 'train');
  const counter = new HardNegativeCounter();
  const negatives = mergeLogSumExp(
    shards.map(({ stream, labels }) => negativeLogSumExp(loss, stream, prepared, labels, counter)),
  );
  const reduced = reduceBatch(loss, prepared, negatives, x.norms, sampleWeights, state, 'train');
  for (const { stream, points, labels, sums } of shards) {
    addGradients(loss, x, stream, points, prepared, reduced, labels, sums);
  }
  return {
    loss: reduced.loss,
    losses: reduced.losses,
    gradEmbeddings: allReduce(shards.map(({ sums }) => sums.embeddings)),
    gradWeights: concatenate(shards.map(({ sums }) => sums.weights)),
    gradBias: loss.bias ? concatenate(shards.map(({ sums }) => sums.bias!)) : undefined,
    state: reduced.state,
    hard: counter.hard,
  };
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  const size = Math.max(1, ...Array.from(expected, Math.abs));
  expect(actual).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(1e-12 * size);
  }
}

const LOSSES: readonly (readonly [string, LossParameters])[] = [
  ...LOSS_NAMES.map((name) => [name, {}] as const),
  ['softmax', { bias: false }],
  ['curricularface', { alpha: 'paper', tInitial: 0.5 }],
  ['magface', { easyMargin: false, upperNorm: 20 }],
  ['elastic-cosface', { plus: 'paper' }],
  ['focal', { base: { loss: 'sphereface' } }],
  ['ohem', { keepRatio: 0.4, base: { loss: 'magface' } }],
];

describe('a head sharded by class is the whole one, to 1e-12', () => {
  test.each(LOSSES)('%s %j', (name, parameters) => {
    const loss = createLoss(name, parameters);
    const input = problem(loss);
    const whole = referenceStep(loss, input);
    // Halves, three shards of unequal size, and a shard of one class.
    for (const cuts of [[5], [2, 9], [10]]) {
      const sharded = shardedStep(loss, input, cuts);
      expectClose([sharded.loss], [whole.loss]);
      expectClose(sharded.losses, whole.losses);
      expectClose(sharded.gradEmbeddings, whole.gradEmbeddings);
      expectClose(sharded.gradWeights, whole.gradWeights);
      expectClose(sharded.gradBias ?? [], whole.gradBias ?? []);
      expect(sharded.state).toEqual(whole.state);
      if (whole.diagnostics.hardShare !== null) {
        expect(sharded.hard / (BATCH * (CLASSES - 1))).toBeCloseTo(whole.diagnostics.hardShare, 14);
      }
    }
  });
});

describe('mergeLogSumExp', () => {
  test('is the log-sum-exp of all, whatever the sizes', () => {
    const merged = mergeLogSumExp([
      { max: Float64Array.of(1000, -1000), sum: Float64Array.of(2, 1) },
      { max: Float64Array.of(999, -1001), sum: Float64Array.of(3, 4) },
    ]);
    expect(Array.from(merged.max)).toEqual([1000, -1000]);
    expect(merged.sum[0]).toBeCloseTo(2 + 3 / Math.E, 14);
    expect(merged.sum[1]).toBeCloseTo(1 + 4 / Math.E, 14);
  });

  test('a shard without negatives adds nothing, and none at all stays empty', () => {
    const none = { max: Float64Array.of(Number.NEGATIVE_INFINITY), sum: Float64Array.of(0) };
    const some = { max: Float64Array.of(3), sum: Float64Array.of(1.5) };
    expect(mergeLogSumExp([none, some])).toEqual(some);
    expect(mergeLogSumExp([none, none])).toEqual(none);
  });
});
