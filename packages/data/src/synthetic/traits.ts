import type { Random } from '@cf/core';
import { between, type Drawn, drawn } from './between.ts';
import { type Colour, mix, rounded, shade } from './colour.ts';

/** How the hair is cut. */
export type HairStyle = (typeof HAIR_STYLES)[number];

/** All the cuts that can be drawn. */
export const HAIR_STYLES = [
  'bald',
  'receding',
  'short',
  'parted',
  'fringe',
  'long',
  'bob',
  'curly',
  'afro',
  'bun',
  'spiky',
] as const;

const CUT = {
  /** y of the hairline in the middle of the forehead, pixels. */
  line: [21, 34],
  /** How far the hair stands out from the skull, pixels. */
  volume: [2, 8],
  /** Where it is parted, from the left (−1) to the right (1) temple. */
  parting: [-0.8, 0.8],
} as const;

/** Hair of the head. */
export interface Hair extends Drawn<typeof CUT> {
  readonly style: HairStyle;
  readonly colour: Colour;
}

/** Hair of the face. */
export interface Beard {
  readonly style: 'none' | 'stubble' | 'moustache' | 'goatee' | 'full';
  readonly colour: Colour;
}

/** A point of the face: x from its axis, y of the picture, both pixels seen from the front. */
export interface Spot {
  readonly x: number;
  readonly y: number;
  /** Pixels. */
  readonly radius: number;
}

const SCAR = {
  x: [-24, 24],
  y: [34, 90],
  length: [8, 17],
  /** Degrees from the horizontal. */
  angle: [0, 180],
} as const;

/** Lasting marks on the skin. */
export interface Marks {
  readonly moles: readonly Spot[];
  readonly freckles: readonly Spot[];
  readonly scar: Drawn<typeof SCAR> | null;
  /** Depth of the folds beside the mouth, 0 … 1. */
  readonly folds: number;
  /** Redness of the cheeks, 0 … 1. */
  readonly blush: number;
}

const FRAME = {
  /** Half of a lens' width, pixels. */
  size: [9.5, 13],
  /** Thickness of the frame, pixels. */
  thickness: [0.9, 2.4],
} as const;

/** A pair of glasses. */
export interface Glasses extends Drawn<typeof FRAME> {
  readonly shape: 'round' | 'square' | 'wide';
  readonly colour: Colour;
}

const DARK_HAIR: readonly Colour[] = [
  [22, 18, 18],
  [40, 28, 24],
  [62, 42, 32],
];
const HAIR: readonly Colour[] = [
  ...DARK_HAIR,
  [98, 66, 42],
  [134, 92, 52],
  [190, 146, 86],
  [226, 194, 132],
  [150, 66, 34],
  [108, 36, 26],
  [150, 148, 148],
  [222, 220, 216],
];
const FRAMES: readonly Colour[] = [
  [24, 24, 28],
  [92, 54, 34],
  [150, 30, 40],
  [36, 62, 128],
  [176, 150, 82],
  [196, 198, 204],
];

/** @param tone - darkness of the skin, 0 … 1; fair hair is rare on dark skin. */
export function sampleHair(random: Random, tone: number): Hair {
  const colour = random.pick(tone > 0.55 && random.chance(0.85) ? DARK_HAIR : HAIR);
  return {
    style: random.pick(HAIR_STYLES),
    colour: rounded(shade(colour, random.uniform(-0.15, 0.12))),
    ...drawn(random, CUT),
  };
}

export function sampleBeard(random: Random, hair: Hair): Beard {
  const bearded = random.chance(0.36);
  const style = random.pick(['stubble', 'moustache', 'goatee', 'full'] as const);
  const colour = rounded(mix(hair.colour, [70, 50, 40], random.uniform(0, 0.35)));
  return { style: bearded ? style : 'none', colour };
}

export function sampleGlasses(random: Random): Glasses | null {
  if (!random.chance(0.28)) return null;
  return {
    shape: random.pick(['round', 'square', 'wide'] as const),
    colour: random.pick(FRAMES),
    ...drawn(random, FRAME),
  };
}

/** @param tone - darkness of the skin, 0 … 1; freckles come on light skin only. */
export function sampleMarks(random: Random, tone: number): Marks {
  const spot = (spread: number, low: number, high: number, radius: number): Spot =>
    drawn(random, { x: [-spread, spread], y: [low, high], radius: [radius * 0.7, radius * 1.3] });
  const moles = Array.from({ length: random.pick([0, 0, 1, 1, 2, 3]) }, () => spot(26, 36, 98, 1.3));
  const freckled = tone < 0.45 && random.chance(0.35);
  const freckles = Array.from({ length: freckled ? random.integer(14, 34) : 0 }, () => spot(24, 57, 75, 0.6));
  const scar = random.chance(0.16) ? drawn(random, SCAR) : null;
  return { moles, freckles, scar, folds: between(random, 0, 1), blush: between(random, 0, 1) };
}
