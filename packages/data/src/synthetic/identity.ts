import { createRandom, type Random } from '@cf/core';
import { checkInteger } from '../checks.ts';
import { type Drawn, drawn } from './between.ts';
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

const HEAD = {
  /** Half of the width at the temples. */
  halfWidth: [31, 41],
  /** Width at the cheekbones, as a share of the temples'. */
  cheekbones: [0.9, 1.04],
  /** Width at the corner of the jaw, as a share of the temples'. */
  jaw: [0.6, 0.94],
  /** Width of the chin, as a share of the temples'. */
  chin: [0.18, 0.5],
  /** y of the crown of the skull. */
  top: [8, 17],
  /** y of the chin. */
  bottom: [98, 109],
} as const;

const EYES = {
  y: [48, 56],
  /** From the face's axis to the middle of an eye. */
  spacing: [14, 20],
  width: [10, 16],
  height: [4.5, 8.5],
  /** Degrees; outer corners up is positive. */
  tilt: [-9, 11],
  /** Depth of the lid's crease, 0 … 1. */
  lid: [0, 1],
} as const;

const BROWS = {
  /** From the middle of the eye up to the brow. */
  lift: [6.5, 11.5],
  length: [11, 18],
  thickness: [1.2, 4.8],
  /** Degrees; outer ends up is positive. */
  angle: [-14, 16],
  /** How far the middle rises over the ends. */
  arch: [0, 4.5],
} as const;

const NOSE = {
  /** From the eyes down to the tip. */
  length: [14, 24],
  width: [8, 16],
  bridge: [2, 5.5],
  /** From a hooked (−1) to an upturned (1) tip. */
  upturn: [-1, 1],
} as const;

const MOUTH = {
  /** From the tip of the nose down to the line of the lips. */
  drop: [11, 17],
  halfWidth: [9, 16],
  upperLip: [1.2, 4.2],
  lowerLip: [1.8, 6],
} as const;

const EARS = {
  height: [13, 22],
  /** How far they stand out. */
  reach: [1.5, 7],
} as const;

/**
 * What makes a drawn person this person, in every picture of them.
 *
 * Plain data that survives JSON. Lengths are pixels of the 112×112 picture, seen from the front; the face's
 * axis is x = 56, and y grows downwards.
 */
export interface Identity {
  readonly skin: Colour;
  readonly head: Drawn<typeof HEAD>;
  readonly hair: Hair;
  readonly eyes: Drawn<typeof EYES> & { readonly iris: Colour };
  readonly brows: Drawn<typeof BROWS>;
  readonly nose: Drawn<typeof NOSE>;
  readonly mouth: Drawn<typeof MOUTH> & { readonly lips: Colour };
  readonly ears: Drawn<typeof EARS>;
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
  const [eyes, mouth] = [random.fork('eyes'), random.fork('mouth')];
  return {
    skin,
    head: drawn(random.fork('head'), HEAD),
    hair,
    eyes: { iris: irisColour(eyes, tone), ...drawn(eyes, EYES) },
    brows: drawn(random.fork('brows'), BROWS),
    nose: drawn(random.fork('nose'), NOSE),
    mouth: { lips: lipColour(mouth, skin), ...drawn(mouth, MOUTH) },
    ears: drawn(random.fork('ears'), EARS),
    marks: sampleMarks(random.fork('marks'), tone),
    beard: sampleBeard(random.fork('beard'), hair),
    glasses: sampleGlasses(random.fork('glasses')),
  };
}

function irisColour(random: Random, tone: number): Colour {
  // Light eyes are rare where the skin is dark.
  return alongScale(IRIS_SCALE, random.uniform() * (tone < 0.5 ? 1 : 0.35));
}

function lipColour(random: Random, skin: Colour): Colour {
  const redness = random.uniform(0.25, 0.75);
  const [red, green, blue] = shade(skin, -0.18);
  return rounded([red + 18 * redness, green * (1 - 0.42 * redness), blue * (1 - 0.3 * redness)]);
}
