import type { Point } from './face.ts';

/** Side of the network's square picture. */
export const BLAZE_SIDE = 256;

/** A face as BlazeFace has it, in pixels of its input: edges at 0 and {@link BLAZE_SIDE}. */
export interface BlazeFace {
  readonly center: Point;
  readonly width: number;
  readonly height: number;
  /** Eye, eye, nose, mouth, ear, ear. */
  readonly points: readonly Point[];
  readonly score: number;
}

/** Places that the network looks at: a grid of 16×16 with two boxes each, and one of 8×8 with six. */
const GRIDS = [
  { stride: 16, boxes: 2 },
  { stride: 32, boxes: 6 },
] as const;
const POINTS = 6;
const NUMBERS = 4 + 2 * POINTS;

/** One output of the network, flat. */
export interface BlazeOutput {
  /** Logits [boxes]. */
  readonly scores: Float32Array;
  /** Offsets from the place, and sizes, in pixels: centre x, y, width, height, six points [boxes, 16]. */
  readonly boxes: Float32Array;
}

/**
 * Faces of BlazeFace's outputs (Bazarevsky et al. 2019), of each heap of overlapping boxes the one of the highest score.
 *
 * @param outputs of the fine grid and of the coarse one
 */
export function decodeBlazeFaces(
  outputs: readonly [BlazeOutput, BlazeOutput],
  minScore: number,
): readonly BlazeFace[] {
  const found: BlazeFace[] = [];
  for (const [which, { stride, boxes }] of GRIDS.entries()) {
    const { scores, boxes: numbers } = outputs[which]!;
    const across = BLAZE_SIDE / stride;
    for (let box = 0; box < across * across * boxes; box++) {
      const score = 1 / (1 + Math.exp(-scores[box]!));
      if (!(score >= minScore)) continue;
      const place = Math.floor(box / boxes);
      const [x, y] = [stride * ((place % across) + 0.5), stride * (Math.floor(place / across) + 0.5)];
      const at = (index: number): number => numbers[box * NUMBERS + index]!;
      const points = Array.from({ length: POINTS }, (_, i): Point => [x + at(4 + 2 * i), y + at(5 + 2 * i)]);
      found.push({ center: [x + at(0), y + at(1)], width: at(2), height: at(3), points, score });
    }
  }
  found.sort((one, other) => other.score - one.score);
  const kept: BlazeFace[] = [];
  for (const face of found) {
    if (kept.every((other) => overlap(face, other) < MOST_OVERLAP)) kept.push(face);
  }
  return kept;
}

/** Boxes that overlap more show one face. */
const MOST_OVERLAP = 0.3;

interface Box {
  readonly center: Point;
  readonly width: number;
  readonly height: number;
}

/** Intersection over union. */
function overlap(one: Box, other: Box): number {
  const shared = (axis: 0 | 1, size: 'width' | 'height'): number =>
    Math.max(
      0,
      Math.min(one.center[axis] + one[size] / 2, other.center[axis] + other[size] / 2) -
        Math.max(one.center[axis] - one[size] / 2, other.center[axis] - other[size] / 2),
    );
  const both = shared(0, 'width') * shared(1, 'height');
  return both / (one.width * one.height + other.width * other.height - both);
}
