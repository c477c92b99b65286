import { createRandom, type Random } from '@cf/core';
import { checkInteger } from '../checks.ts';
import { between } from './between.ts';
import { alongScale, type Colour, rounded, shade } from './colour.ts';
import {
  type Beard,
  type Glasses,
  type Hair,
  type Marks,
  sampleBeard,
  sampleGlasses,
  sampleHair,
  sampleMarks,
} from './traits.ts';

/**
 * What makes a drawn person this person, in every picture of them.
 *
 * Plain data that survives JSON. Lengths are pixels of the 112×112 picture, seen from the front; the face's
 * axis is x = 56, and y grows downwards.
 */
export interface Identity {
  readonly skin: Colour;
  readonly head: {
    /** Half of the width at the temples. */
    readonly halfWidth: number;
    /** Width at the cheekbones, as a share of the temples'. */
    readonly cheekbones: number;
    /** Width at the corner of the jaw, as a share of the temples'. */
    readonly jaw: number;
    /** Width of the chin, as a share of the temples'. */
    readonly chin: number;
    /** y of the crown of the skull. */
    readonly top: number;
    /** y of the chin. */
    readonly bottom: number;
  };
  readonly hair: Hair;
  readonly eyes: {
    readonly y: number;
    /** From the face's axis to the middle of an eye. */
    readonly spacing: number;
    readonly width: number;
    readonly height: number;
    /** Degrees; outer corners up is positive. */
    readonly tilt: number;
    readonly iris: Colour;
    /** Depth of the lid's crease, 0 … 1. */
    readonly lid: number;
  };
  readonly brows: {
    /** From the middle of the eye up to the brow. */
    readonly lift: number;
    readonly length: number;
    readonly thickness: number;
    /** Degrees; outer ends up is positive. */
    readonly angle: number;
    /** How far the middle rises over the ends. */
    readonly arch: number;
  };
  readonly nose: {
    /** From the eyes down to the tip. */
    readonly length: number;
    readonly width: number;
    readonly bridge: number;
    /** From a hooked (−1) to an upturned (1) tip. */
    readonly upturn: number;
  };
  readonly mouth: {
    /** From the tip of the nose down to the line of the lips. */
    readonly drop: number;
    readonly halfWidth: number;
    readonly upperLip: number;
    readonly lowerLip: number;
    readonly lips: Colour;
  };
  readonly ears: {
    readonly height: number;
    /** How far they stand out. */
    readonly reach: number;
  };
  readonly marks: Marks;
  readonly beard: Beard;
  /** The glasses the person owns, if any; whether they are worn is up to the picture. */
  readonly glasses: Glasses | null;
}

/** From light to dark. */
const SKIN_SCALE: readonly Colour[] = [
  [250, 222, 204],
  [241, 200, 172],
  [226, 178, 142],
  [203, 150, 112],
  [168, 114, 79],
  [128, 82, 55],
  [88, 56, 40],
];
const IRIS_SCALE: readonly Colour[] = [
  [48, 28, 18],
  [96, 60, 30],
  [120, 112, 52],
  [92, 126, 96],
  [92, 136, 176],
  [134, 150, 162],
];

/**
 * Draws the traits of one person; a person never depends on how many others there are.
 *
 * @param index - number of the person, from 0.
 */
export function sampleIdentity(seed: number | string, index: number): Identity {
  checkInteger('index', index, 0);
  const random = createRandom(seed).fork('identity').fork(index);
  const tone = random.uniform();
  const skin = alongScale(SKIN_SCALE, tone);
  const hair = sampleHair(random.fork('hair'), tone);
  return {
    skin,
    head: sampleHead(random.fork('head')),
    hair,
    eyes: sampleEyes(random.fork('eyes'), tone),
    brows: sampleBrows(random.fork('brows')),
    nose: sampleNose(random.fork('nose')),
    mouth: sampleMouth(random.fork('mouth'), skin),
    ears: sampleEars(random.fork('ears')),
    marks: sampleMarks(random.fork('marks'), tone),
    beard: sampleBeard(random.fork('beard'), hair),
    glasses: sampleGlasses(random.fork('glasses')),
  };
}

function sampleHead(random: Random): Identity['head'] {
  return {
    halfWidth: between(random, 31, 41),
    cheekbones: between(random, 0.9, 1.04),
    jaw: between(random, 0.6, 0.94),
    chin: between(random, 0.18, 0.5),
    top: between(random, 8, 17),
    bottom: between(random, 98, 109),
  };
}

function sampleEyes(random: Random, tone: number): Identity['eyes'] {
  // Light eyes are rare where the skin is dark.
  const lightness = random.uniform() * (tone < 0.5 ? 1 : 0.35);
  return {
    y: between(random, 48, 56),
    spacing: between(random, 14, 20),
    width: between(random, 10, 16),
    height: between(random, 4.5, 8.5),
    tilt: between(random, -9, 11),
    iris: alongScale(IRIS_SCALE, lightness),
    lid: between(random, 0, 1),
  };
}

function sampleBrows(random: Random): Identity['brows'] {
  return {
    lift: between(random, 6.5, 11.5),
    length: between(random, 11, 18),
    thickness: between(random, 1.2, 4.8),
    angle: between(random, -14, 16),
    arch: between(random, 0, 4.5),
  };
}

function sampleNose(random: Random): Identity['nose'] {
  return {
    length: between(random, 14, 24),
    width: between(random, 8, 16),
    bridge: between(random, 2, 5.5),
    upturn: between(random, -1, 1),
  };
}

function sampleMouth(random: Random, skin: Colour): Identity['mouth'] {
  const redness = random.uniform(0.25, 0.75);
  const base = shade(skin, -0.18);
  const lips: Colour = [
    base[0] + 18 * redness,
    base[1] * (1 - 0.42 * redness),
    base[2] * (1 - 0.3 * redness),
  ];
  return {
    drop: between(random, 11, 17),
    halfWidth: between(random, 9, 16),
    upperLip: between(random, 1.2, 4.2),
    lowerLip: between(random, 1.8, 6),
    lips: rounded(lips),
  };
}

function sampleEars(random: Random): Identity['ears'] {
  return { height: between(random, 13, 22), reach: between(random, 1.5, 7) };
}
