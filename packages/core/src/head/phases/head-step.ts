import { ShapeMismatchError } from '../../errors/errors.ts';
import type { MarginLoss } from '../../losses/margin-loss.ts';
import { batchOps, scalarsOf } from '../../readings/batch.ts';
import { checkState } from '../../state/loss-state.ts';
import { readsLosses } from '../../weighting/reads-losses.ts';
import { requireFiniteTensor } from '../check-input.ts';
import type { FloatArray, HeadInspection, HeadOutput } from '../contract.ts';
import { headDiagnostics, meanOf } from '../diagnostics.ts';
import { closeBatch, type ReducedBatch } from './close-batch.ts';
import { negativeSumNames } from './formulas/negative-terms.ts';
import { weightSamples } from './formulas/reduce-samples.ts';
import { sumOfSquares } from './gradient-rows.ts';
import { HardNegativeCounter } from './hard-negatives.ts';
import { emptyLogSumExp, type LogSumExp } from './log-sum-exp.ts';
import type { NegativesSeen } from './meetings.ts';
import { type BatchContext, type OpenBatch, openBatch } from './open-batch.ts';
import { type Eventually, type Steps, wait } from './steps.ts';
import { addTargetGradients } from './target-gradients.ts';

/** What pass 2 has found: of the negatives alone, the targets' share is added afterwards. */
export interface ClassGradients {
  /** Σ over the negatives of this shard, tangents and all: [B, d]. */
  readonly embeddings: Float64Array;
  /** [C·K, d]; empty where rows went to `takeRows` of the batch, all of them. */
  readonly weights: FloatArray;
  /** [C], for losses with a bias. */
  readonly bias: FloatArray | undefined;
  /** The negatives' entries, where they were asked for. */
  readonly inspection: HeadInspection | undefined;
  /** Class centers whose negatives were left out; undefined where a backend never leaves any out. */
  readonly skipped?: number;
}

/** What one pass over the classes has found of a binary objective. */
export interface PairsSeen extends NegativesSeen {
  /** Where slopes were given. */
  readonly gradients: ClassGradients | undefined;
}

/** What a backend does itself: the passes over the classes, for one batch. */
export interface ClassPasses {
  /**
   * Pass 1 of a softmax: over the negatives alone, their log-sum-exp, the sums that the loss asks for, and counts of them
   * where they are wanted.
   */
  negatives(): Eventually<NegativesSeen>;
  /**
   * Pass 2 of a softmax: g_ij = dNll_i·(e^{z_ij − lse_i} − ε/C), through N′ to the cosines, and through the tangents of the
   * two normalisations to X and W.
   *
   * @param again ∂L/∂X is known from the time before, and may be left at zeros: it is the rows of ∂L/∂W that are wanted
   */
  gradients(reduced: ReducedBatch, again?: boolean): Eventually<ClassGradients>;
  /**
   * The one pass of a binary objective: what the negatives add to the losses, and with ∂loss/∂ℓ_i at hand, [B], the
   * gradients, g_ij = dNll_i·∂ℓ_i/∂z_ij.
   *
   * @param again as of `gradients`
   */
  pairs(dNll: Float64Array | undefined, again?: boolean): Eventually<PairsSeen>;
  /** Frees what the passes hold; called in any case. */
  dispose?(): void;
}

/** One step of a head, whatever the backend. */
export interface HeadStep extends Omit<OpenBatch, 'survey'> {
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
  const { checkFinite = true } = options;
  const batch = yield* openBatch({ ...step, survey: (surveyed) => survey(step, surveyed) });
  // A shard may hold no class at all.
  const passes = batch.classes === 0 ? noClasses(batch) : yield* wait(step.passes(batch));
  try {
    const binary = loss.objective.kind === 'binary';
    const own = yield* wait(binary ? passes.pairs(slopesBefore(batch)) : passes.negatives());
    const seen = yield* met(batch, own);
    const reduced = closeBatch(batch, seen);
    const sums = yield* wholeGradients(step, batch, reduced, (again) =>
      gradientsOf(passes, { own: again ? undefined : own, again }, weightedSlopes(reduced, batch), binary),
    );
    const gradBias = ofParameter(loss, sums.bias);
    const sharedBias = loss.bias?.of === 'all classes' ? gradBias : undefined;
    const skipped = batch.meetings
      ? yield* batch.meetings.gradients({ ...sums, sharedBias: sharedBias as Float64Array | undefined })
      : sums.skipped;
    const rounded = step.precision === 'float32';
    const output = {
      loss: reduced.loss,
      losses: rounded ? new Float32Array(reduced.losses) : reduced.losses,
      gradEmbeddings: rounded ? new Float32Array(sums.embeddings) : sums.embeddings,
      gradWeights: sums.weights,
      gradBias: rounded && gradBias ? new Float32Array(gradBias) : gradBias,
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
        pastPiShare: meanOf(reduced.target.pastPi),
        t: reduced.state.values.t,
        ...(skipped === undefined ? {} : { skipped }),
      }),
      inspection: sums.inspection,
    };
  } finally {
    passes.dispose?.();
  }
}

/**
 * What both passes have found, with the targets' share. Where somebody takes ∂L/∂W it is gone, and where he asks for its norm
 * the passes come twice.
 */
function* wholeGradients(
  { input: { gradientTaker } }: HeadStep,
  batch: BatchContext,
  reduced: ReducedBatch,
  passed: (again: boolean) => Steps<ClassGradients>,
): Steps<ClassGradients> {
  const { rowStream, meetings } = batch;
  const added = (sums: ClassGradients): ClassGradients => {
    requireLength('gradEmbeddings', sums.embeddings, batch.batch * batch.dim);
    requireLength('gradWeights', sums.weights, rowStream?.isUsed ? 0 : batch.weights.length);
    addTargetGradients(batch, reduced, sums, rowStream?.isUsed ? rowStream : undefined);
    return sums;
  };
  let sums = added(yield* passed(false));
  if (gradientTaker === undefined) return sums;
  if (gradientTaker.begin !== undefined) {
    const own = rowStream!.isUsed ? rowStream!.squares() : sumOfSquares(sums.weights);
    const norm = Math.sqrt(meetings ? yield* meetings.total(own) : own);
    if (rowStream!.isUsed) {
      rowStream!.begin(norm);
      // Backends may use its array again.
      const embeddings = sums.embeddings.slice();
      sums = { ...added(yield* passed(true)), embeddings };
    } else gradientTaker.begin(norm);
  }
  if (rowStream!.isUsed) rowStream!.finish();
  else if (sums.weights.length > 0) gradientTaker.take({ first: 0, values: sums.weights });
  return { ...sums, weights: sums.weights.subarray(0, 0) };
}

/** The log-sum-exp that statistics ask for before anything else: pass 1 alone. */
function* survey(step: HeadStep, batch: BatchContext): Steps<LogSumExp> {
  const passes = batch.classes === 0 ? noClasses(batch) : yield* wait(step.passes(batch));
  try {
    return (yield* met(batch, yield* wait(passes.negatives()))).logSumExp;
  } finally {
    passes.dispose?.();
  }
}

/** What all shards have seen together. */
function* met(batch: BatchContext, own: NegativesSeen): Steps<NegativesSeen> {
  const { logSumExp, sums } = own;
  requireLength('logSumExp.max', logSumExp.max, batch.batch);
  requireLength('logSumExp.sum', logSumExp.sum, batch.batch);
  for (const name of negativeSumNames(batch.loss)) {
    requireLength(`sums.${name}`, sums[name] ?? [], batch.batch);
  }
  const weighted = weightedSums(own, batch.negativeWeight);
  return batch.meetings ? yield* batch.meetings.negatives(weighted) : weighted;
}

/** What negatives come to that each count for several. */
function weightedSums(seen: NegativesSeen, weight: number): NegativesSeen {
  if (weight === 1) return seen;
  const times = (values: Float64Array): Float64Array => values.map((value) => weight * value);
  const { logSumExp, sums, counts } = seen;
  return {
    logSumExp: { max: logSumExp.max, sum: times(logSumExp.sum) },
    sums: Object.fromEntries(Object.entries(sums).map(([name, values]) => [name, times(values)])),
    counts: counts && { ...counts, hard: weight * counts.hard, emphasised: weight * counts.emphasised },
  };
}

/** What the batch comes to, as a pass sees it whose negatives each count for several. */
function weightedSlopes(reduced: ReducedBatch, { negativeWeight: weight, loss }: BatchContext): ReducedBatch {
  if (weight === 1) return reduced;
  return loss.objective.kind === 'binary'
    ? { ...reduced, dNll: reduced.dNll.map((value) => weight * value) }
    : { ...reduced, logSumExp: reduced.logSumExp.map((value) => value - Math.log(weight)) };
}

/** ∂loss/∂ℓ_i where it does not depend on the losses: then one pass does for a binary objective. */
function slopesBefore({
  loss,
  batch,
  sampleWeights,
  state,
  mode,
  negativeWeight,
}: BatchContext): Float64Array | undefined {
  if (readsLosses(loss.weighting, mode)) return undefined;
  const samples = { nll: new Float64Array(batch), sampleWeights, state: scalarsOf(state.values), mode };
  const { dNll } = weightSamples(batchOps, loss, samples);
  return negativeWeight === 1 ? dNll : dNll.map((value) => negativeWeight * value);
}

function* gradientsOf(
  passes: ClassPasses,
  { own, again }: { readonly own: NegativesSeen | PairsSeen | undefined; readonly again: boolean },
  reduced: ReducedBatch,
  binary: boolean,
): Steps<ClassGradients> {
  if (own !== undefined && 'gradients' in own && own.gradients !== undefined) return own.gradients;
  if (!binary) return yield* wait(passes.gradients(reduced, again));
  return (yield* wait(passes.pairs(reduced.dNll, again))).gradients!;
}

/** ∂loss/∂b of the parameter, from that of every class: [C], or [1] where all classes share it. */
function ofParameter(loss: MarginLoss, bias: FloatArray | undefined): FloatArray | undefined {
  if (bias === undefined || loss.bias?.of === 'each class') return bias;
  let total = 0;
  for (const value of bias) total += value;
  return Float64Array.of(total);
}

function noClasses(batch: BatchContext): ClassPasses {
  const { loss, dim, countNegatives, inspect } = batch;
  const none = new Float64Array(0);
  const sums = negativeSumNames(loss).map((name) => [name, new Float64Array(batch.batch)]);
  const seen = (): NegativesSeen => ({
    logSumExp: emptyLogSumExp(batch.batch),
    sums: Object.fromEntries(sums),
    counts: countNegatives ? new HardNegativeCounter(loss) : undefined,
  });
  const gradients = (): ClassGradients => ({
    embeddings: new Float64Array(batch.batch * dim),
    weights: none,
    bias: loss.bias ? none : undefined,
    inspection: inspect ? { logits: none, gradLogits: none } : undefined,
  });
  return { negatives: seen, gradients, pairs: () => ({ ...seen(), gradients: gradients() }) };
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
