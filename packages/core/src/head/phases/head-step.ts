import { ShapeMismatchError } from '../../errors/errors.ts';
import type { MarginLoss } from '../../losses/margin-loss.ts';
import { checkState } from '../../state/loss-state.ts';
import { requireFiniteTensor } from '../check-input.ts';
import type { FloatArray, HeadInspection, HeadOutput } from '../contract.ts';
import { headDiagnostics, meanOf } from '../diagnostics.ts';
import { closeBatch, type ReducedBatch } from './close-batch.ts';
import type { NegativesSeen } from './communicator.ts';
import { HardNegativeCounter } from './hard-negatives.ts';
import { emptyLogSumExp } from './log-sum-exp.ts';
import { type BatchContext, type OpenBatch, openBatch } from './open-batch.ts';
import { type Eventually, type Steps, wait } from './steps.ts';
import { addTargetGradients } from './target-gradients.ts';

/** What pass 2 has found: of the negatives alone, the targets' share is added afterwards. */
export interface ClassGradients {
  /** Σ over the negatives of this shard, tangents and all: [B, d]. */
  readonly embeddings: Float64Array;
  /** [C, d]. */
  readonly weights: FloatArray;
  /** [C], for losses with a bias. */
  readonly bias: FloatArray | undefined;
  /** The negatives' entries, where they were asked for. */
  readonly inspection: HeadInspection | undefined;
  /** Class centers whose negatives were left out; undefined where a backend never leaves any out. */
  readonly skipped?: number;
}

/** What a backend does itself: the two passes over the classes, for one batch. */
export interface ClassPasses {
  /** Pass 1: the log-sum-exp over the negatives alone, and counts of them where they are wanted. */
  negatives(): Eventually<NegativesSeen>;
  /**
   * Pass 2: g_ij = dNll_i·e^{z_ij − lse_i}, through N′ to the cosines, and through the tangents of the two normalisations
   * to X and W.
   */
  gradients(reduced: ReducedBatch): Eventually<ClassGradients>;
  /** Frees what the passes hold; called in any case. */
  dispose?(): void;
}

/** One step of a head, whatever the backend. */
export interface HeadStep extends OpenBatch {
  /** Starts the passes over the classes of a batch. */
  readonly passes: (batch: BatchContext) => Eventually<ClassPasses>;
  /** Of what is handed out. */
  readonly precision: 'float64' | 'float32';
}

/**
 * The phases of a step in their order, the same for every backend: target cosines, the loss's statistics, pass 1, reduce,
 * pass 2, the targets' gradients. Shards meet after the first, after pass 1 and at the end.
 *
 * @throws ShapeMismatchError, LabelOutOfRangeError, NonFiniteError, OptionOutOfRangeError, StateMismatchError
 */
export function* headStep(step: HeadStep): Steps<HeadOutput> {
  const { loss, options } = step;
  const { checkFinite = true, communicator } = options;
  const batch = yield* openBatch(step);
  // A shard may hold no class at all.
  const passes = batch.classes === 0 ? noClasses(batch) : yield* wait(step.passes(batch));
  try {
    const own = yield* wait(passes.negatives());
    requireLength('logSumExp.max', own.logSumExp.max, batch.batch);
    requireLength('logSumExp.sum', own.logSumExp.sum, batch.batch);
    const seen = communicator ? yield* communicator.negatives(own) : own;
    const reduced = closeBatch(batch, seen.logSumExp);
    const sums = yield* wait(passes.gradients(reduced));
    requireLength('gradEmbeddings', sums.embeddings, batch.batch * batch.dim);
    requireLength('gradWeights', sums.weights, batch.classes * batch.dim);
    addTargetGradients(batch, reduced, sums);
    const skipped = communicator ? yield* communicator.gradients(sums) : sums.skipped;
    const rounded = step.precision === 'float32';
    const output = {
      loss: reduced.loss,
      losses: rounded ? new Float32Array(reduced.losses) : reduced.losses,
      gradEmbeddings: rounded ? new Float32Array(sums.embeddings) : sums.embeddings,
      gradWeights: sums.weights,
      gradBias: sums.bias,
    };
    if (checkFinite) {
      requireFiniteOutput(loss, output);
      checkState(loss, reduced.state);
    }
    return {
      ...output,
      regulariser: reduced.regulariser,
      state: reduced.state,
      diagnostics: headDiagnostics(loss, {
        batch: batch.batch,
        classes: batch.allClasses,
        negatives: seen.counts,
        meanTargetCosine: meanOf(batch.points.cos),
        pastPiShare: meanOf(batch.prepared.pastPi),
        t: reduced.state.values.t,
        ...(skipped === undefined ? {} : { skipped }),
      }),
      inspection: sums.inspection,
    };
  } finally {
    passes.dispose?.();
  }
}

function noClasses({ batch, dim, loss, countNegatives, inspect }: BatchContext): ClassPasses {
  const none = new Float64Array(0);
  return {
    negatives: () => ({
      logSumExp: emptyLogSumExp(batch),
      counts: countNegatives ? new HardNegativeCounter() : undefined,
    }),
    gradients: () => ({
      embeddings: new Float64Array(batch * dim),
      weights: none,
      bias: loss.bias ? none : undefined,
      inspection: inspect ? { logits: none, gradLogits: none } : undefined,
    }),
  };
}

/** Of what the passes of a backend hand over. */
function requireLength(name: string, { length }: ArrayLike<number>, expected: number): void {
  if (length !== expected) throw new ShapeMismatchError(`${name} of length ${length}`, `length ${expected}`);
}

/** Finds where finite input has overflowed, after rounding, which may make an infinity, and what a formula made NaN. */
function requireFiniteOutput(
  loss: MarginLoss,
  output: Pick<HeadOutput, 'loss' | 'losses' | 'gradEmbeddings' | 'gradWeights' | 'gradBias'>,
): void {
  requireFiniteTensor('losses', output.losses);
  requireFiniteTensor('loss', [output.loss]);
  requireFiniteTensor('gradEmbeddings', output.gradEmbeddings);
  // On the sphere ∂w_j is at most B·s·|N′|/‖w_j‖, which float32 always holds.
  if (loss.geometry !== 'cosine') requireFiniteTensor('gradWeights', output.gradWeights);
  if (output.gradBias !== undefined) requireFiniteTensor('gradBias', output.gradBias);
}
