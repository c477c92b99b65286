import {
  type BatchMask,
  type BatchOps,
  type BatchValues,
  batchOps,
  type HeadInput,
  initialState,
  type MarginLoss,
  marginDraws,
  numberOps,
  plainRows,
  referenceStep,
  sampleAt,
  scalarsOf,
  type TensorOps,
  targetPoints,
  tileStream,
  unitRows,
} from '@cf/core';

/**
 * How near a batch comes to a kink of its loss: the smallest |a − b| over every comparison, minimum, maximum and
 * sorting that the formulas make (mask, π, clamps, ties, pace), and the distance of cos θ_y from ±1. Found by reading the formulas with operations that
 * take note; derivatives and float32 comparisons are only defined away from there.
 */
export function kinkDistance(loss: MarginLoss, input: HeadInput): number {
  let nearest = Number.POSITIVE_INFINITY;
  const note = (distance: number): void => {
    // Exact equality is structural (two counts), never chance.
    if (distance > 0 && distance < nearest) nearest = distance;
  };
  const { embeddings, weights, bias, dim, mode = 'train' } = input;
  const batch = input.labels.length;
  const labels = Int32Array.from(input.labels);
  const state = input.state ?? initialState(loss);
  const x = (loss.geometry === 'inner' ? plainRows : unitRows)(embeddings, dim, 0, batch);
  const points = targetPoints(loss, x, weights, bias, labels);
  const keys = input.sampleKeys ?? Array.from({ length: batch }, (_, i) => i);
  const draws = marginDraws(loss, state, mode, keys, input.draws);
  const values = scalarsOf(state.values);
  const noting = notingBatch(note);
  const prepared = loss.prepare(noting, { cosTarget: points.cos, norm: x.norms, draws }, values, mode);
  const scalar = notingScalar(note);
  const tile = tileStream(loss.geometry, x, weights, bias, weights.length / dim).tile(0);
  for (let i = 0; i < batch; i++) {
    const sample = sampleAt(prepared.sampleValues, i);
    const point = { cos: points.cos[i]!, sin: points.sin[i]!, norm: x.norms[i]! };
    // At cos θ_y = ±1 an angular margin's logit is a cone: its slope turns without end.
    if (loss.geometry !== 'inner') note(1 - Math.abs(point.cos));
    const { pivot } = loss.target(scalar, point, sample);
    loss.regulariser?.(scalar, point.norm);
    for (let j = 0; j < tile.centers.count; j++) {
      if (j !== labels[i]) loss.negative(scalar, tile.cosines[i * tile.centers.count + j]!, pivot, sample);
    }
  }
  // What is differentiated has limits for branches, and no kinks.
  if (loss.weighting.gradient === 'frozen') {
    const nll = unweighted(loss, input);
    loss.weighting.reduce(noting, { nll, sampleWeights: new Float64Array(batch).fill(1) }, values, mode);
  }
  return nearest;
}

/** −log p of each sample. */
function unweighted(loss: MarginLoss, input: HeadInput): Float64Array {
  const plain: MarginLoss = {
    ...loss,
    weighting: {
      name: 'nll',
      gradient: 'frozen',
      initialValues: {},
      reduce: (ops, { nll }) => ({ losses: nll, loss: ops.sum(nll), dNll: nll, next: {} }),
    },
  };
  const once = { ...input, sampleWeights: new Float64Array(input.labels.length).fill(1) };
  // Its state lacks what the weighting would have moved, and goes nowhere.
  return Float64Array.from(referenceStep(plain, once, { checkFinite: false }).losses);
}

const KINKED = ['greater', 'min', 'max'] as const;

function notingScalar(note: (distance: number) => void): TensorOps<number, boolean> {
  const noting = KINKED.map((name) => [
    name,
    (a: number, b: number) => {
      note(Math.abs(a - b));
      return numberOps[name](a, b);
    },
  ]);
  return { ...numberOps, ...Object.fromEntries(noting) };
}

function notingBatch(note: (distance: number) => void): BatchOps<BatchValues, BatchMask> {
  const noting = KINKED.map((name) => [
    name,
    (a: BatchValues, b: BatchValues) => {
      for (const distance of batchOps.sub(a, b)) note(Math.abs(distance));
      return batchOps[name](a, b);
    },
  ]);
  return {
    ...batchOps,
    ...Object.fromEntries(noting),
    argsort: (values, direction) => {
      const sorted = Float64Array.from(values).sort();
      for (let i = 1; i < sorted.length; i++) note(sorted[i]! - sorted[i - 1]!);
      return batchOps.argsort(values, direction);
    },
  };
}
