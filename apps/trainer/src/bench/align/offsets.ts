import { meanOf } from '@cf/core';
import {
  ARCFACE_TEMPLATE,
  applySimilarity,
  type FaceLandmarks,
  type Similarity,
  templateSimilarity,
} from '@cf/data';

/** How far crops are from where they should be, in pixels of 112. */
export interface Offsets {
  readonly median: number;
  readonly of90: number;
  readonly of99: number;
  readonly largest: number;
}

/** A line of the record of an alignment. */
export interface AlignedLine {
  readonly path: string;
  readonly landmarks?: FaceLandmarks;
}

/**
 * How far the template's five points are, in the mean, in the crop of a photograph from where they are in the crop that it
 * was made of.
 *
 * @param at where that crop lies in the photograph
 * @param shift pixels by which faces are to the right of the template in it
 */
export function offBy(landmarks: FaceLandmarks, at: Similarity, shift: number): number {
  const found = templateSimilarity(landmarks);
  const distances = ARCFACE_TEMPLATE.map(([x, y]) => {
    const [u, v] = applySimilarity(found, applySimilarity(at, [x + shift, y]));
    return Math.hypot(u - x, v - y);
  });
  return meanOf(distances);
}

/** Of some distances, one at least. */
export function offsetsOf(distances: readonly number[]): Offsets {
  const sorted = distances.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { median: at(0.5), of90: at(0.9), of99: at(0.99), largest: at(1) };
}
