import { LOSS_NAMES } from '@cf/core';
import { z } from 'zod';
import { byKind, type FlagsOf, only, setting } from '../setting.ts';
import { ONLY } from '../situation.ts';
import { text } from './values.ts';

/** Default s of a cosine loss in this program; the papers' 64 is for many more identities. */
export const DEFAULT_SCALE = 32;
export const DEFAULT_LOSS = 'curricularface';
export const WEIGHTINGS = ['focal', 'ohem', 'self-paced'] as const;

const SCALE = byKind(DEFAULT_SCALE, { drawn: 16 });

/** Flags that make up `loss` in config.json. */
export const loss = {
  loss: setting(
    '--loss <name>',
    text().default(DEFAULT_LOSS),
    `one of ${LOSS_NAMES.join(', ')}, or ./my-loss.ts, a module that makes one`,
  ),
  scale: setting('--scale <s>', z.number(), 'scale of the cosines', {
    // Circle loss scales products of two similarities.
    default: (situation) => (situation.choices.loss === 'circle' ? undefined : SCALE.default(situation)),
    told: `${SCALE.told}; its own for circle, or beside a preset`,
  }),
  margin: setting('--margin <m>', z.number(), 'margin of the loss', {
    // Margins of other losses are other numbers: SphereFace's is an integer.
    default: ({ kind, choices }) =>
      kind === 'drawn' && (choices.loss ?? DEFAULT_LOSS) === DEFAULT_LOSS ? 0.3 : undefined,
    told: 'its own; 0.3 for curricularface in a network on drawn identities',
  }),
  alpha: setting(
    '--alpha <a>',
    text(),
    'α of the loss: of curricularface, the weight of a new batch in t (official, paper, tface or a number)',
  ),
  labelSmoothing: setting(
    '--label-smoothing <e>',
    z.number(),
    'share of each target that is spread over all classes',
    { told: 'off' },
  ),
  lossOption: setting(
    '--loss-option <name=value>',
    z.array(text()),
    'other options of the loss, such as preset=paper or marginType=A; repeatable',
  ),
  weighting: setting('--weighting <name>', z.enum(WEIGHTINGS), 'focal, ohem or self-paced, around the loss'),
  ...only(ONLY.weighting, {
    weightingOption: setting(
      '--weighting-option <name=value>',
      z.array(text()),
      'an option of the weighting; may be repeated',
    ),
  }),
};

/** What the command line says about the loss. */
export type LossFlags = FlagsOf<(typeof loss)[keyof typeof loss]> & { readonly loss: string };
