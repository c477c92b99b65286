import { type OptionNames, requireKnownOptions } from '@cf/core';
import { checkInteger, checkNumber } from '../checks.ts';

/** How pictures may be changed, at random, each time they are trained on; 0, the default of all but two, is not at all. */
export interface AugmentOptions {
  /** Every second picture is mirrored. */
  readonly flip: boolean;
  /** Pictures move by −shift … shift pixels along each axis, every amount equally likely; 0 leaves them where they are. */
  readonly shift: number;
  /** A window is cut out and enlarged to the whole: its sides are 1 − crop … 1 of the picture's. In [0, 0.9]. */
  readonly crop?: number;
  /** Brightness, contrast and saturation are multiplied by 1 − colour … 1 + colour each. In [0, 1]. */
  readonly colour?: number;
  /** Share of pictures without colour. In [0, 1]. */
  readonly grey?: number;
  /** Share of pictures blurred, by a Gaussian of σ 1/150 … 1/40 of the width. In [0, 1]. */
  readonly blur?: number;
  /** Share of pictures made smaller, to 0.2 … 0.8 of their sides, and large again. In [0, 1]. */
  readonly resample?: number;
  /** Share of pictures compressed as JPEG, of quality 20 … 80. In [0, 1]. */
  readonly jpeg?: number;
  /** Share of pictures of which a rectangle, 2 to 20 % of the area, is painted over (Zhong et al. 2020). In [0, 1]. */
  readonly erase?: number;
}

/** What is done to a picture that is not changed. */
export const NO_AUGMENTATION: AugmentOptions = { flip: false, shift: 0 };

const OPTIONS: OptionNames<AugmentOptions> = {
  flip: true,
  shift: true,
  crop: true,
  colour: true,
  grey: true,
  blur: true,
  resample: true,
  jpeg: true,
  erase: true,
};

/** Throws `E_OPTION_RANGE` where a strength or a share is out of range, and names the nearest of an option that there is not. */
export function checkAugmentation(options: AugmentOptions): void {
  requireKnownOptions('the augmentation', options, OPTIONS);
  const { shift, crop = 0, colour = 0 } = options;
  checkInteger('shift', shift, 0, 16_384);
  checkNumber('crop', crop, 0, 0.9);
  checkNumber('colour', colour, 0, 1);
  for (const name of ['grey', 'blur', 'resample', 'jpeg', 'erase'] as const)
    checkNumber(name, options[name] ?? 0, 0, 1);
}
