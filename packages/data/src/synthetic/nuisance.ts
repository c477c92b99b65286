import { createRandom, type Random } from '@cf/core';
import { checkInteger, checkNumber } from '../checks.ts';
import { between, hundredths } from './between.ts';
import { type Colour, mix, rounded } from './colour.ts';

/** What may hide a part of the face. */
export type OcclusionKind = 'sunglasses' | 'mask' | 'scarf' | 'hand' | 'cap' | 'bar';

/**
 * What makes one picture of a person differ from another of the same person.
 *
 * Plain data that survives JSON. Lengths are pixels, angles degrees.
 */
export interface Nuisance {
  readonly pose: {
    /** Turn of the head; to the picture's right is positive. */
    readonly yaw: number;
    /** Nod; down is positive. */
    readonly pitch: number;
    /** Tilt in the picture's plane; clockwise is positive. */
    readonly roll: number;
    readonly scale: number;
    readonly shiftX: number;
    readonly shiftY: number;
  };
  readonly light: {
    /** Where the light comes from, in the picture's plane; 0 is the right, 90 is below. */
    readonly direction: number;
    /** How much darker the far side is, 0 … 1. */
    readonly strength: number;
    /** Factor on all values. */
    readonly brightness: number;
    /** Factor on the distance from mid-grey. */
    readonly contrast: number;
    /** From bluish (−1) to reddish (1). */
    readonly warmth: number;
  };
  readonly expression: {
    /** From corners down (−1) to corners up (1). */
    readonly smile: number;
    /** 0 … 1. */
    readonly mouthOpen: number;
    /** −1 … 1. */
    readonly browRaise: number;
    /** Factor on the eyes' height. */
    readonly eyeOpen: number;
    /** Where the eyes look, −1 … 1. */
    readonly gazeX: number;
    readonly gazeY: number;
  };
  readonly occlusion: {
    readonly kind: OcclusionKind;
    readonly colour: Colour;
    /** Where it lies, from the left (−1) to the right (1). */
    readonly side: number;
  } | null;
  /** Whether a person who owns glasses has them on. */
  readonly wearsGlasses: boolean;
  readonly background: {
    readonly upper: Colour;
    readonly lower: Colour;
    /** Blurred shapes behind the head: centre, radius and colour. */
    readonly shapes: readonly {
      readonly x: number;
      readonly y: number;
      readonly radius: number;
      readonly colour: Colour;
    }[];
    readonly clothes: Colour;
  };
  readonly camera: {
    /** Standard deviation of the blur. */
    readonly blur: number;
    /** Standard deviation of the noise, in values of 0 … 255. */
    readonly noise: number;
    /** Quality of a JPEG pass, 1 … 100; null for none. */
    readonly jpegQuality: number | null;
    /** Seed of the noise. */
    readonly noiseSeed: number;
  };
}

/** How far from an ideal portrait pictures may be by default. */
export const DEFAULT_DIFFICULTY = 1;
/** Beyond it, pictures show too little of a face. */
export const MAX_DIFFICULTY = 2;
/** Beyond it, the far eye would leave the face. */
const MAX_YAW = 40;

const PLAIN_WALL: Colour = [150, 152, 156];
const OCCLUSIONS: readonly OcclusionKind[] = ['sunglasses', 'mask', 'scarf', 'hand', 'cap', 'bar'];

/**
 * Draws the circumstances of one picture; they never depend on other pictures nor on the person's traits.
 *
 * @param difficulty - 0 is an evenly lit passport picture; 1 the default; at most 2. It scales the ranges,
 *   so the same picture gets steadily harder.
 */
export function sampleNuisance(
  seed: number | string,
  identityIndex: number,
  imageIndex: number,
  difficulty: number = DEFAULT_DIFFICULTY,
): Nuisance {
  checkInteger('identityIndex', identityIndex, 0);
  checkInteger('imageIndex', imageIndex, 0);
  checkNumber('difficulty', difficulty, 0, MAX_DIFFICULTY);
  const random = createRandom(seed).fork('nuisance').fork(identityIndex).fork(imageIndex);
  return {
    pose: samplePose(random.fork('pose'), difficulty),
    light: sampleLight(random.fork('light'), difficulty),
    expression: sampleExpression(random.fork('expression'), difficulty),
    occlusion: sampleOcclusion(random.fork('occlusion'), difficulty),
    wearsGlasses: random.fork('glasses').chance(0.75),
    background: sampleBackground(random.fork('background'), difficulty),
    camera: sampleCamera(random.fork('camera'), difficulty),
  };
}

function samplePose(random: Random, difficulty: number): Nuisance['pose'] {
  return {
    yaw: Math.min(MAX_YAW, Math.max(-MAX_YAW, spread(random, 8 * difficulty))),
    pitch: spread(random, 5 * difficulty),
    roll: spread(random, 3 * difficulty),
    scale: between(random, 1 - 0.03 * difficulty, 1 + 0.03 * difficulty),
    shiftX: spread(random, 3.5 * difficulty),
    shiftY: spread(random, 3.5 * difficulty),
  };
}

function sampleLight(random: Random, difficulty: number): Nuisance['light'] {
  return {
    direction: between(random, 0, 360),
    strength: Math.min(0.95, between(random, 0, 0.85 * difficulty)),
    brightness: between(random, 1 - 0.28 * difficulty, 1 + 0.18 * difficulty),
    contrast: between(random, 1 - 0.25 * difficulty, 1 + 0.12 * difficulty),
    warmth: unit(spread(random, 0.4 * difficulty)),
  };
}

function sampleExpression(random: Random, difficulty: number): Nuisance['expression'] {
  const open = random.chance(0.4) ? random.uniform(0, 0.5 * difficulty) : 0;
  return {
    smile: unit(spread(random, 0.5 * difficulty, 0.15 * difficulty)),
    mouthOpen: hundredths(Math.min(1, open)),
    browRaise: unit(spread(random, 0.5 * difficulty)),
    eyeOpen: between(random, 1 - 0.3 * difficulty, 1 + 0.1 * difficulty),
    gazeX: unit(spread(random, 0.5 * difficulty)),
    gazeY: unit(spread(random, 0.3 * difficulty)),
  };
}

function sampleOcclusion(random: Random, difficulty: number): Nuisance['occlusion'] {
  const hidden = random.chance(0.04 * difficulty);
  const occlusion = {
    kind: random.pick(OCCLUSIONS),
    colour: anyColour(random),
    side: between(random, -1, 1),
  };
  return hidden ? occlusion : null;
}

/** A plain grey wall at difficulty 0; from 1 on, any colours. */
function sampleBackground(random: Random, difficulty: number): Nuisance['background'] {
  const colour = (): Colour => rounded(mix(PLAIN_WALL, anyColour(random), Math.min(1, difficulty)));
  const shape = (): Nuisance['background']['shapes'][number] => ({
    x: between(random, 0, 112),
    y: between(random, 0, 112),
    radius: between(random, 10, 34),
    colour: colour(),
  });
  return {
    upper: colour(),
    lower: colour(),
    shapes: Array.from({ length: random.integer(0, 5) }, shape),
    clothes: colour(),
  };
}

function sampleCamera(random: Random, difficulty: number): Nuisance['camera'] {
  const compressed = random.chance(0.5 * difficulty);
  const quality = random.integer(30, 80);
  return {
    blur: between(random, 0, 0.7 * difficulty),
    noise: between(random, 0, 5 * difficulty),
    jpegQuality: compressed ? quality : null,
    noiseSeed: random.integer(0, 2 ** 31),
  };
}

/** Normal with the given deviation, cut at two of them. */
function spread(random: Random, deviation: number, mean = 0): number {
  const draw = Math.min(2, Math.max(-2, random.normal()));
  return hundredths(mean + deviation * draw);
}

function unit(value: number): number {
  return Math.min(1, Math.max(-1, value));
}

function anyColour(random: Random): Colour {
  return rounded([random.uniform(20, 235), random.uniform(20, 235), random.uniform(20, 235)]);
}
