import {
  type BatchMask,
  type BatchOps,
  type BatchValues,
  batchOps,
  type HeadInput,
  type MarginLoss,
  numberOps,
  type TensorOps,
} from '@cf/core';
import { type DenseOptions, denseHead } from './dense-head.ts';

/**
 * How near a batch comes to a kink of its loss: the smallest |a − b| over every comparison, minimum, maximum and
 * sorting that the formulas make (mask, π, clamps, ties, pace, the nearest sub-center), and the distance of cos θ_y from ±1.
 * Found by reading the formulas of a dense head with operations that take note; derivatives and float32 comparisons are only
 * defined away from there.
 */
export function kinkDistance(
  loss: MarginLoss,
  input: HeadInput,
  { subCenters = 1 }: Pick<DenseOptions, 'subCenters'> = {},
): number {
  let nearest = Number.POSITIVE_INFINITY;
  const note = (distance: number): void => {
    // Exact equality is structural (two counts), never chance.
    if (distance > 0 && distance < nearest) nearest = distance;
  };
  const reading = { scalar: notingScalar(note), batch: notingBatch(note) };
  const { targetCosines } = denseHead(loss, input, { subCenters, reading });
  // At cos θ_y = ±1 an angular margin's logit is a cone: its slope turns without end.
  if (loss.geometry !== 'inner') for (const cos of targetCosines) note(1 - Math.abs(cos));
  return nearest;
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
