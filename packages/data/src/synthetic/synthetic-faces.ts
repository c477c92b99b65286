import { type OptionNames, requireKnownOptions } from '@cf/core';
import { checkInteger, checkNumber } from '../checks.ts';
import type { RawImage } from '../image/raw-image.ts';
import { drawFace } from './draw-face.ts';
import { type Identity, sampleIdentity } from './identity.ts';
import { DEFAULT_DIFFICULTY, MAX_DIFFICULTY, type Nuisance, sampleNuisance } from './nuisance.ts';
import { renderFace } from './render-face.ts';

/** How many drawn people, and which. */
export interface SyntheticOptions {
  /** The same seed gives the same people and pictures. */
  readonly seed: number | string;
  readonly identities: number;
  readonly imagesPerIdentity: number;
  /** From 0, passport pictures, over 1, the default, to 2. */
  readonly difficulty?: number;
}

/** A data set of drawn people whose pictures are made when they are asked for; indices count from 0. */
export interface SyntheticFaces extends Required<SyntheticOptions> {
  /** Name of a person, as in folders and lists of pairs: `synthetic_00042`. */
  name(identityIndex: number): string;
  identity(identityIndex: number): Identity;
  nuisance(identityIndex: number, imageIndex: number): Nuisance;
  /** The drawing, before the camera. */
  svg(identityIndex: number, imageIndex: number): string;
  /** The picture, 112×112 RGB. */
  image(identityIndex: number, imageIndex: number): Promise<RawImage>;
}

/** Their names. */
export const SYNTHETIC_OPTIONS: OptionNames<SyntheticOptions> = {
  seed: true,
  identities: true,
  imagesPerIdentity: true,
  difficulty: true,
};

/**
 * A seeded data set of drawn, face-like 112×112 pictures.
 *
 * Person 7 looks the same whatever the number of people, and so does each of their pictures.
 *
 * @throws OptionOutOfRangeError for counts under 1, a difficulty outside [0, 2], or an index out of range.
 */
export function syntheticFaces(options: SyntheticOptions): SyntheticFaces {
  requireKnownOptions('syntheticFaces', options, SYNTHETIC_OPTIONS);
  const { seed, identities, imagesPerIdentity, difficulty = DEFAULT_DIFFICULTY } = options;
  checkInteger('identities', identities, 1);
  checkInteger('imagesPerIdentity', imagesPerIdentity, 1);
  checkNumber('difficulty', difficulty, 0, MAX_DIFFICULTY);

  const identity = (identityIndex: number): Identity => {
    checkInteger('identityIndex', identityIndex, 0, identities - 1);
    return sampleIdentity(seed, identityIndex);
  };
  const nuisance = (identityIndex: number, imageIndex: number): Nuisance => {
    checkInteger('identityIndex', identityIndex, 0, identities - 1);
    checkInteger('imageIndex', imageIndex, 0, imagesPerIdentity - 1);
    return sampleNuisance(seed, identityIndex, imageIndex, difficulty);
  };
  return {
    seed,
    identities,
    imagesPerIdentity,
    difficulty,
    name: syntheticName,
    identity,
    nuisance,
    svg: (identityIndex, imageIndex) =>
      drawFace(identity(identityIndex), nuisance(identityIndex, imageIndex)),
    image: async (identityIndex, imageIndex) =>
      renderFace(identity(identityIndex), nuisance(identityIndex, imageIndex)),
  };
}

/** Name of a drawn person: `synthetic_00042`; five digits at least, so that names sort by index. */
export function syntheticName(identityIndex: number): string {
  return `synthetic_${String(identityIndex).padStart(5, '0')}`;
}
