import { OptionOutOfRangeError } from '@cf/core';
import type { FaceLandmarks, Point } from './face.ts';

/** Turns, scales and shifts: [x, y] → [a·x − b·y + x₀, b·x + a·y + y₀]. Its scale is √(a² + b²); it never mirrors. */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly x: number;
  readonly y: number;
}

/**
 * Where the five landmarks of a face belong in an aligned picture of 112×112 pixels: ArcFace's template (Deng et al. 2019),
 * which most face-recognition networks are trained on.
 */
export const ARCFACE_TEMPLATE: FaceLandmarks = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
];

/** Pixels of a side of the template's picture. */
export const TEMPLATE_SIDE = 112;

/**
 * The similarity that brings points nearest to others, by the sum of squared distances (Umeyama 1991, eq. 40–43). In the
 * plane, where no reflection is wanted, its closed form is one quotient of complex numbers.
 *
 * @throws OptionOutOfRangeError where the points are not finite, are one point, or ask for a scale of 0
 */
export function fitSimilarity(from: readonly Point[], to: readonly Point[]): Similarity {
  const [fromX, fromY] = mean(from);
  const [toX, toY] = mean(to);
  let [real, imaginary, spread] = [0, 0, 0];
  for (let i = 0; i < from.length; i++) {
    const [px, py] = [from[i]![0] - fromX, from[i]![1] - fromY];
    const [qx, qy] = [to[i]![0] - toX, to[i]![1] - toY];
    real += px * qx + py * qy;
    imaginary += px * qy - py * qx;
    spread += px * px + py * py;
  }
  const [a, b] = [real / spread, imaginary / spread];
  if (!(a * a + b * b > 0) || !Number.isFinite(a * a + b * b)) {
    throw new OptionOutOfRangeError(
      'landmarks',
      JSON.stringify(from),
      'finite points that differ',
      'give the five landmarks of a face, in pixels.',
    );
  }
  return { a, b, x: toX - a * fromX + b * fromY, y: toY - b * fromX - a * fromY };
}

function mean(points: readonly Point[]): Point {
  let [x, y] = [0, 0];
  for (const point of points) {
    x += point[0];
    y += point[1];
  }
  return [x / points.length, y / points.length];
}

/** Where a similarity takes a point. */
export function applySimilarity({ a, b, x, y }: Similarity, [px, py]: Point): Point {
  return [a * px - b * py + x, b * px + a * py + y];
}

/** The similarity that takes back. */
export function invertSimilarity({ a, b, x, y }: Similarity): Similarity {
  const square = a * a + b * b;
  const [ia, ib] = [a / square, -b / square];
  return { a: ia, b: ib, x: -(ia * x - ib * y), y: -(ib * x + ia * y) };
}

/** How many pixels of the result one of the picture becomes. */
export function scaleOf({ a, b }: Similarity): number {
  return Math.hypot(a, b);
}

/** The similarity that takes landmarks onto ArcFace's template, for a picture of `side` × `side` pixels. */
export function templateSimilarity(landmarks: FaceLandmarks, side: number = TEMPLATE_SIDE): Similarity {
  return fitSimilarity(landmarks, templateOf(side));
}

/** ArcFace's template in a picture of another size. */
export function templateOf(side: number): FaceLandmarks {
  const scale = side / TEMPLATE_SIDE;
  return ARCFACE_TEMPLATE.map(([x, y]) => [
    (x + 0.5) * scale - 0.5,
    (y + 0.5) * scale - 0.5,
  ]) as unknown as FaceLandmarks;
}

/** Mean distance of points from others, in pixels. */
export function meanDistance(points: readonly Point[], others: readonly Point[]): number {
  let sum = 0;
  for (let i = 0; i < points.length; i++) {
    sum += Math.hypot(points[i]![0] - others[i]![0], points[i]![1] - others[i]![1]);
  }
  return sum / points.length;
}
