import { createRandom, type Random } from '@cf/core';
import { checkInteger } from '../checks.ts';
import { type AugmentOptions, checkAugmentation } from './augment-options.ts';

/** What the draws belong to, beside the sample. */
export interface AugmentKey {
  readonly seed: number | string;
  /** From 0. */
  readonly epoch: number;
}

/** What is done to one picture, in the order of these fields; what is undefined is not done. */
export interface Augmentation {
  readonly flip: boolean;
  /** Pixels to the right, in [−shift, shift]. */
  readonly right: number;
  /** Pixels down, in [−shift, shift]. */
  readonly down: number;
  /** The window that is cut out, in shares of the sides: its left, its top, and how long its sides are. */
  readonly window: { readonly left: number; readonly top: number; readonly side: number } | undefined;
  /** Factors. */
  readonly colour:
    | { readonly brightness: number; readonly contrast: number; readonly saturation: number }
    | undefined;
  readonly grey: boolean;
  /** σ of a Gaussian, as a share of the width. */
  readonly blur: number | undefined;
  /** Sides of the small picture, as a share of the picture's. */
  readonly resample: number | undefined;
  /** Quality. */
  readonly jpeg: number | undefined;
  /** A rectangle in shares of the sides, and its colour, 0 … 1. */
  readonly erase: ErasedPart | undefined;
}

/** A rectangle that is painted over: places and sides as shares of the picture's. */
export interface ErasedPart {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** RGB, 0 … 1. */
  readonly colour: readonly [number, number, number];
}

/**
 * Draws what is done to a sample in an epoch.
 *
 * It depends on seed, epoch and sample alone, never on the batch that the sample is in nor on what was drawn before, so
 * that a resumed run sees the same pictures. Each kind of change has draws of its own: turning one on or off leaves the
 * others as they were.
 *
 * @throws OptionOutOfRangeError for a strength or a share out of range, or a negative epoch.
 */
export function drawAugmentation(
  options: AugmentOptions,
  { seed, epoch }: AugmentKey,
  sample: number,
): Augmentation {
  checkAugmentation(options);
  checkInteger('epoch', epoch, 0);
  const { flip, shift, crop = 0, colour = 0 } = options;
  const random = createRandom(seed).fork('augmentation').fork(epoch).fork(sample);
  const mirrored = random.chance(0.5);
  const right = random.integer(-shift, shift + 1);
  const down = random.integer(-shift, shift + 1);
  /** Draws of its own, for the share of pictures that it happens to. */
  const sometimes = <T>(name: 'grey' | 'blur' | 'resample' | 'jpeg' | 'erase', of: (own: Random) => T) => {
    const share = options[name] ?? 0;
    if (share === 0) return undefined;
    const own = random.fork(name);
    return own.chance(share) ? of(own) : undefined;
  };
  return {
    flip: flip && mirrored,
    right,
    down,
    window: crop === 0 ? undefined : windowOf(random.fork('crop'), crop),
    colour: colour === 0 ? undefined : factorsOf(random.fork('colour'), colour),
    grey: sometimes('grey', () => true) ?? false,
    blur: sometimes('blur', (own) => own.uniform(1 / 150, 1 / 40)),
    resample: sometimes('resample', (own) => own.uniform(0.2, 0.8)),
    jpeg: sometimes('jpeg', (own) => own.integer(20, 81)),
    erase: sometimes('erase', rectangleOf),
  };
}

function windowOf(random: Random, crop: number): NonNullable<Augmentation['window']> {
  const side = 1 - random.uniform(0, crop);
  return { left: random.uniform(0, 1 - side), top: random.uniform(0, 1 - side), side };
}

function factorsOf(random: Random, strength: number): NonNullable<Augmentation['colour']> {
  const factor = (): number => random.uniform(1 - strength, 1 + strength);
  return { brightness: factor(), contrast: factor(), saturation: factor() };
}

function rectangleOf(random: Random): ErasedPart {
  const area = random.uniform(0.02, 0.2);
  // The logarithm of the proportions is uniform: neither wide nor high rectangles are favoured.
  const proportion = Math.exp(random.uniform(Math.log(0.3), Math.log(1 / 0.3)));
  const width = Math.min(1, Math.sqrt(area * proportion));
  const height = Math.min(1, Math.sqrt(area / proportion));
  const [left, top] = [random.uniform(0, 1 - width), random.uniform(0, 1 - height)];
  return { left, top, width, height, colour: [random.uniform(), random.uniform(), random.uniform()] };
}
