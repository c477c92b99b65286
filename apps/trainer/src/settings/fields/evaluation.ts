import { z } from 'zod';
import { byKind, only, setting } from '../setting.ts';
import { ONLY } from '../situation.ts';
import { on, text } from './values.ts';

const CONTROL = byKind(false, { embedding: true });

export const evaluation = {
  ...only(ONLY.data, {
    pairs: setting(
      '--pairs <file>',
      text().optional(),
      'pairs to score: an LFW list, a verification set (lfw.bin), or a list of paths (.csv, .tsv, .jsonl)',
      { told: 'of people held out' },
    ),
  }),
  ...only(ONLY.pairs, {
    pairsFolds: setting(
      '--pairs-folds <list>',
      text().optional(),
      'folds of --pairs to score; the others choose the threshold',
    ),
  }),
  flip: setting('--no-flip', on(), 'leave out the scores of picture and mirror image summed'),
  before: setting('--no-before', on(), 'leave out the scores of the network before training'),
  // It takes as long as the training itself, so for a network it has to be asked for.
  control: setting('--[no-]control', z.boolean(), 'also train on shuffled labels', CONTROL),
};
