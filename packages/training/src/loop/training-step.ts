import {
  type Communicator,
  type FloatArray,
  type GradientTaker,
  type Head,
  type HeadInput,
  type HeadOutput,
  handOver,
  type MarginLoss,
  NonFiniteError,
  readsLosses,
  ShapeMismatchError,
} from '@cf/core';
import { DivergedError } from '../errors.ts';
import type { Learner, LearnerBatch, SampleData } from '../learner/learner.ts';
import type { ArrayOptimiser } from '../optimiser/array-optimiser.ts';
import { requireBounded } from '../optimiser/require-bounded.ts';
import { type RowClipping, rowUpdate } from '../optimiser/row-update.ts';
import type { StepMetrics } from './events.ts';
import { gatheredEmbeddings, labelsOfShare, normOfShares, type Share, shareOf } from './rank-shares.ts';
import { classCount } from './samples.ts';
import { isSeen, type LookingOn, lookOn } from './shadows.ts';
import type { HeadState } from './training-state.ts';

/** A learner with the head on top of it, and the optimisers of what belongs to the head. */
export interface LearnerWithHead {
  readonly learner: Learner;
  readonly head: Head;
  readonly centers: ArrayOptimiser;
  /** What of the class centers' gradient is too long. */
  readonly clipping?: RowClipping | undefined;
  /** When class centers move: once ∂L/∂W is whole, or with each of its rows, so that it is never whole. */
  readonly update: 'plain' | 'fused';
  readonly classBias: ArrayOptimiser;
  /** The others, where there are several. */
  readonly ranks?: Communicator | undefined;
  /** Losses that look on. */
  readonly shadows?: LookingOn | undefined;
}

/** The samples of one optimiser step. */
export interface StepBatch {
  /** Of all samples of the step. */
  readonly indices: Uint32Array;
  readonly labels: Int32Array;
  /** Factors of their losses; undefined where all count alike. */
  readonly sampleWeights: Float64Array | undefined;
  /** Values of each micro-batch of this rank, in the order of its indices; all of one size, but for the last. */
  readonly parts: readonly SampleData[];
  readonly learningRate: number;
  /** An array for ∂L/∂W that is no longer needed. */
  readonly gradWeights: Float32Array | undefined;
}

/** What a step left behind. */
export interface StepResult {
  readonly state: HeadState;
  readonly output: HeadOutput;
  readonly metrics: Omit<StepMetrics, 'epoch' | 'imagesPerSecond' | 'dataShare'>;
}

/**
 * One optimiser step of Algorithm 1 of the paper (Huang et al. 2020): embeddings, target cosines and t, loss, gradients
 * back through the learner, the optimiser on its parameters and on the class centers. Class centers and bias move in
 * place.
 *
 * Several micro-batches are one batch to the loss. The head needs all embeddings at once: each micro-batch is embedded,
 * and passes forward again before it goes back.
 *
 * @throws DivergedError at a number that is not finite; learner and state are then not to be used further
 */
export async function trainingStep(
  parts: LearnerWithHead,
  state: HeadState,
  batch: StepBatch,
): Promise<StepResult> {
  const { learningRate } = batch;
  const step = state.step + 1;
  const fused = parts.update === 'fused';
  const { centers } = state;
  const moveCenters = rowUpdate({
    rule: parts.centers,
    values: centers.values,
    optimiser: centers.optimiser,
    dim: parts.learner.embeddingSize,
    learningRate,
    updateNumber: step,
    clipping: parts.clipping,
  });
  const { output, shadows, gradientNorm } = await finite(step, learningRate, async () => {
    const found = await learn(parts, state, batch, fused ? moveCenters : undefined);
    const { loss } = found.output;
    if (!Number.isFinite(loss)) throw new NonFiniteError('loss', 0, loss);
    if (parts.ranks !== undefined) await parts.learner.sumGradients!(parts.ranks);
    const { gradientNorm: norm } = await parts.learner.update(learningRate);
    if (!Number.isFinite(norm)) throw new NonFiniteError('gradientNorm', 0, norm);
    return { ...found, gradientNorm: norm };
  });
  const { loss, gradBias, diagnostics } = output;
  if (!fused) {
    const norm = moveCenters.begin && (await normOfShares(output.gradWeights, parts.ranks));
    handOver(output, moveCenters, norm);
  }
  const { classBias } = state;
  if (classBias !== undefined) {
    const { values: weight, optimiser } = classBias;
    parts.classBias.update({
      weight,
      state: optimiser,
      gradient: gradBias!,
      learningRate,
      updateNumber: step,
    });
    requireBounded('class.bias', weight, { step, learningRate });
  }
  requireBounded('loss', [loss], { step, learningRate });
  return {
    state: { ...state, step, lossState: output.state, ...(shadows && { shadows: shadows.states }) },
    output,
    metrics: {
      step,
      loss,
      leftOutShare: leftOutShare(parts.head.loss, output.losses),
      learningRate,
      gradientNorm,
      ...diagnostics,
      ...(shadows && { shadows: shadows.metrics }),
    },
  };
}

/** Losses that leave samples out hold their weights fixed; null for others. */
function leftOutShare({ weighting }: MarginLoss, losses: FloatArray): number | null {
  if (weighting.gradient !== 'frozen' || !readsLosses(weighting, 'train')) return null;
  let count = 0;
  for (const loss of losses) if (loss === 0) count++;
  return count / losses.length;
}

/** What the head found in a batch, and what those that look on did. */
interface Learnt {
  readonly output: HeadOutput;
  readonly shadows: Awaited<ReturnType<typeof lookOn>> | undefined;
}

/** Forward, head and back: the learner's gradients wait for its update. */
async function learn(
  { learner, head, shadows, ranks }: LearnerWithHead,
  { step, centers, classBias, lossState, classes, shadows: states = {} }: HeadState,
  { indices, labels, sampleWeights, parts, gradWeights }: StepBatch,
  gradientTaker: GradientTaker | undefined,
): Promise<Learnt> {
  const dim = learner.embeddingSize;
  const share = shareOf(indices.length, ranks);
  const first = share.from * dim;
  // All but the last are of one size.
  const size = parts[0]!.shape[0]!;
  const batchOf = (part: SampleData, i: number): LearnerBatch => ({
    ...part,
    step,
    position: share.from + i * size,
  });
  const single = parts.length === 1;
  const own = single
    ? await learner.forward(batchOf(parts[0]!, 0))
    : await embedAll(learner, parts.map(batchOf), share);
  const embeddings = await gatheredEmbeddings(own, indices.length * dim, ranks);
  const rows = { embeddings, weights: centers.values };
  const input: HeadInput = {
    ...rows,
    ...(shadows && isSeen(shadows, step) ? { sharedTiles: shadows.tiles.begin(rows) } : {}),
    ...(classBias === undefined ? {} : { bias: classBias.values }),
    labels: ranks === undefined ? labels : labelsOfShare(labels, shareOf(classCount({ classes }), ranks)),
    dim,
    ...(sampleWeights === undefined ? {} : { sampleWeights }),
    sampleKeys: indices,
    state: lossState,
    step,
    ...(gradWeights === undefined ? {} : { gradWeights }),
    gradientTaker,
  };
  const output = await head.step(input);
  const seen = shadows && (await lookOn(shadows, states, { input, output, step }));
  for (const [i, part] of parts.entries()) {
    if (!single) await learner.forward(batchOf(part, i));
    await learner.backward(
      output.gradEmbeddings.subarray(
        first + i * size * dim,
        Math.min(first + (i + 1) * size * dim, share.to * dim),
      ),
      i === parts.length - 1 ? ranks : undefined,
    );
  }
  return { output, shadows: seen };
}

/** Embeddings of all micro-batches of this rank, one after the other. */
async function embedAll(
  learner: Learner,
  batches: readonly LearnerBatch[],
  { from, to }: Share,
): Promise<FloatArray> {
  let all: FloatArray | undefined;
  for (const batch of batches) {
    const part = await learner.embed(batch);
    const expected = batch.shape[0]! * learner.embeddingSize;
    if (part.length !== expected)
      throw new ShapeMismatchError(`${part.length} numbers of embed()`, `${expected}, d for each sample`);
    const length = (to - from) * learner.embeddingSize;
    all ??= part instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
    all.set(part, (batch.position - from) * learner.embeddingSize);
  }
  return all!;
}

/** @throws DivergedError in place of NonFiniteError */
async function finite<T>(step: number, learningRate: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    throw new DivergedError(step, learningRate, error.given, error);
  }
}
