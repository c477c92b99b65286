import type { MarginLoss } from '../../losses/margin-loss.ts';
import { numberOps } from '../../readings/number.ts';
import type { FloatArray } from '../contract.ts';
import { targetAngle } from './formulas/target-angle.ts';
import { type Allocate, freshArray, plainRows, type UnitRows, unitRows } from './unit-rows.ts';

/** The label of a sample whose class lives on another shard. */
export const NO_TARGET = -1;

/** Where each sample stands to its own class: O(B·d). */
export interface TargetPoints {
  /** cos θ_y, or x·w_y + b: [B]. 0 where the target is on another shard. */
  readonly cos: Float64Array;
  /** sin θ_y: [B]. 0 where the target is on another shard. */
  readonly sin: Float64Array;
  /** ŵ_y − cos θ_y·x̂, the direction in which the cosine grows, without cancellation: [B, d]. */
  readonly tangentX: Float64Array;
  /** x̂ − cos θ_y·ŵ_y: [B, d]. */
  readonly tangentW: Float64Array;
  /** 1/‖w_y‖, 0 for a zero vector or another shard's: [B]. */
  readonly inverseW: Float64Array;
  /** The row of W that w_y is: that of the class, or of its nearest sub-center; −1 where it is on another shard: [B]. */
  readonly rows: Int32Array;
}

/** What {@link targetPoints} is given. */
export interface TargetPointsInput {
  readonly loss: Pick<MarginLoss, 'geometry'>;
  readonly x: UnitRows;
  /** [C·K, d]. */
  readonly weights: FloatArray;
  /** [C]; only the geometry `inner` reads it. */
  readonly bias: FloatArray | undefined;
  readonly labels: Int32Array;
  /** K. Default 1. */
  readonly subCenters?: number;
  readonly allocate?: Allocate;
}

/**
 * Cosine, sine and tangents of every sample with its own class.
 *
 * Near cos θ = ±1 neither 1 − cos² nor ŵ − cos·x̂ has digits left, so both come from d = x̂ − ŵ and m = x̂ + ŵ:
 * sin θ = ½‖d‖‖m‖; 1 − cos = ½‖d‖², and ŵ − cos·x̂ = (1 − cos)·x̂ − d (with m where cos is negative).
 */
export function targetPoints(input: TargetPointsInput): TargetPoints {
  const { loss, x, weights, bias, labels, subCenters = 1, allocate = freshArray } = input;
  const { count, dim } = x;
  const points = {
    cos: allocate(count),
    sin: allocate(count),
    tangentX: allocate(count * dim),
    tangentW: allocate(count * dim),
    inverseW: allocate(count),
    rows: new Int32Array(count).fill(NO_TARGET),
  };
  const rowsOf = loss.geometry === 'inner' ? plainRows : unitRows;
  const again = rowMemory(dim);
  for (let i = 0; i < count; i++) {
    const label = labels[i]!;
    if (label === NO_TARGET) continue;
    const first = label * subCenters;
    const best = subCenters === 1 ? 0 : nearest(x, i, rowsOf(weights, dim, first, first + subCenters));
    points.rows[i] = first + best;
    const w = rowsOf(weights, dim, first + best, first + best + 1, again);
    if (loss.geometry === 'inner') innerPoint(points, i, x, w, bias?.[label] ?? 0);
    else cosinePoint(points, i, x, w);
  }
  return points;
}

/** The arrays of one row, handed out zeroed for each row anew: fresh ones cost more than what is computed in them. */
function rowMemory(dim: number): Allocate {
  const ofRow = [dim, 1, 1].map((length) => new Float64Array(length));
  let next = 0;
  return () => ofRow[next++ % ofRow.length]!.fill(0);
}

/** Which of the rows has the largest product with sample i; of equal ones the first. */
function nearest(x: UnitRows, i: number, rows: UnitRows): number {
  let [best, largest] = [0, Number.NEGATIVE_INFINITY];
  for (let r = 0; r < rows.count; r++) {
    let product = 0;
    for (let k = 0; k < x.dim; k++) product += x.unit[i * x.dim + k]! * rows.unit[r * x.dim + k]!;
    if (product > largest) [best, largest] = [r, product];
  }
  return best;
}

function innerPoint(points: TargetPoints, i: number, x: UnitRows, w: UnitRows, bias: number): void {
  const at = i * x.dim;
  let product = 0;
  for (let k = 0; k < x.dim; k++) {
    product += x.unit[at + k]! * w.unit[k]!;
    points.tangentX[at + k] = w.unit[k]!;
    points.tangentW[at + k] = x.unit[at + k]!;
  }
  points.cos[i] = product + bias;
  points.inverseW[i] = 1;
}

function cosinePoint(points: TargetPoints, i: number, x: UnitRows, w: UnitRows): void {
  const at = i * x.dim;
  points.inverseW[i] = w.inverse[0]!;
  const alive = x.inverse[i] !== 0 && w.inverse[0] !== 0;
  let product = 0;
  let differences = 0;
  let sums = 0;
  for (let k = 0; k < x.dim; k++) {
    const a = x.unit[at + k]!;
    const b = w.unit[k]!;
    product += a * b;
    differences += (a - b) ** 2;
    sums += (a + b) ** 2;
  }
  const { cos, sin, near, rest } = targetAngle(numberOps, { product, differences, sums, alive });
  points.cos[i] = cos;
  points.sin[i] = sin;
  if (!alive) return;
  // As targetTangent, which is not called d times a sample.
  for (let k = 0; k < x.dim; k++) {
    const a = x.unit[at + k]!;
    const b = w.unit[k]!;
    points.tangentX[at + k] = near ? rest * a - (a - b) : a + b - rest * a;
    points.tangentW[at + k] = near ? rest * b + (a - b) : a + b - rest * b;
  }
}
