import { z } from 'zod';
import { only, setting } from '../setting.ts';
import { ONLY } from '../situation.ts';
import { seed } from './seed.ts';
import { integer, off, range, text } from './values.ts';

/** Of drawn pictures: what the default network learns in minutes, and pixels alone do not tell. */
export const DEFAULT_DIFFICULTY = 0.95;

/** What becomes of the labels of pictures, wherever they come from. */
const labelling = {
  labelNoise: setting(
    '--label-noise <share>',
    range(0, 1).optional(),
    'exchange this share of the labels among each other, to see what finds them',
    { told: 'off' },
  ),
  ...only(ONLY.labelNoise, {
    labelNoiseSeed: setting('--label-noise-seed <n>', integer(0, 2 ** 31).optional(), 'which labels', {
      default: ({ choices }) => (choices.labelNoise === undefined ? undefined : 0),
      told: '0',
    }),
  }),
  dropSuspects: setting(
    '--drop-suspects <file>',
    text().optional(),
    'a list of cf data suspects: leave out the pictures in it',
  ),
};

export const folder = {
  root: setting(
    '--data <path>',
    text(),
    'pictures: a folder with one folder an identity, an InsightFace pack (faces.rec, or its folder), or a list (.csv, .tsv, .jsonl)',
    { told: 'drawn identities' },
  ),
  ...only(ONLY.data, {
    people: setting('--people <file>', text().optional(), 'LFW list of people; train on these only'),
    minImages: setting(
      '--min-images <n>',
      integer(1, 1e6).default(2),
      'leave out identities with fewer pictures',
    ),
    align: setting(
      '--align',
      z.boolean().optional(),
      'pictures are photographs: find and align their faces first, into DATA.aligned',
    ),
    checkContent: setting('--check-content', off(), 'a resume compares the bytes of pictures as well'),
  }),
  ...only(ONLY.people, {
    folds: setting('--folds <list>', text().optional(), 'folds of --people to train on, such as 1-9'),
  }),
  ...labelling,
};

export const synthetic = {
  seed,
  ...only(ONLY.drawn, {
    // Two to train on, and two held out with a genuine pair each.
    identities: setting('--identities <n>', integer(4, 1e6).default(200), 'how many; a fifth is held out'),
    imagesPerIdentity: setting('--images-per-identity <n>', integer(2, 1e6).default(20), 'pictures of each'),
    difficulty: setting('--difficulty <x>', range(0, 2).default(DEFAULT_DIFFICULTY), 'of pictures, 0 to 2'),
  }),
  ...labelling,
};
