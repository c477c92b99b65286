import { availableParallelism } from 'node:os';
import { LOSS_NAMES } from '@cf/core';
import { z } from 'zod';
import { BACKEND_NAMES } from '../engines/open-backend.ts';
import { BACKBONE_DIMS, BACKBONES } from './backbones.ts';
import { byKind, setting, unset } from './setting.ts';
import {
  DRAWN,
  EMBEDDING,
  ENGINE_ONNX,
  ENGINES,
  NETWORK,
  ONNX_FILE,
  SGD,
  TRAINED_PARTS,
  WITH_DATA,
  WITH_PAIRS,
  WITH_PEOPLE,
  WITH_WEIGHTING,
  WITHOUT_BACKBONE,
} from './situation.ts';

// This file is the table of settings: a flag, its help, its check, its place in config.json and its default are one
// entry. `--help`, the checks, the JSON Schema and the README's table are made of it.

const integer = (low: number, high: number): z.ZodInt => z.int().min(low).max(high);
const text = (): z.ZodString => z.string().min(1);
const positive = (): z.ZodNumber => z.number().positive();
const onOff = z.boolean();

/** Of drawn pictures: what the default network learns in minutes, and pixels alone do not tell. */
export const DEFAULT_DIFFICULTY = 0.95;
/** Default s of a cosine loss in this program; the papers' 64 is for many more identities. */
export const DEFAULT_SCALE = 32;
export const DEFAULT_LOSS = 'curricularface';

const seed = setting('--seed <n>', integer(0, 2 ** 31), 'same seed, same run', { default: 0 });

export const FOLDER = {
  root: setting('--data <folder>', text(), 'pictures, one folder an identity', {
    default: unset('drawn identities'),
  }),
  people: setting('--people <file>', text().optional(), 'LFW list of people; train on these only', {
    for: WITH_DATA,
  }),
  folds: setting('--folds <list>', text().optional(), 'folds of --people to train on, such as 1-9', {
    for: WITH_PEOPLE,
  }),
  minImages: setting('--min-images <n>', integer(1, 1e6), 'leave out identities with fewer pictures', {
    default: 2,
    for: WITH_DATA,
  }),
};

export const DRAWN_IDENTITIES = {
  seed,
  // Two to train on, and two held out with a genuine pair each.
  identities: setting('--identities <n>', integer(4, 1e6), 'drawn identities, a fifth of them held out', {
    default: 200,
    for: DRAWN,
  }),
  imagesPerIdentity: setting(
    '--images-per-identity <n>',
    integer(2, 1e6),
    'pictures of each drawn identity',
    { default: 20, for: DRAWN },
  ),
  difficulty: setting('--difficulty <x>', z.number().min(0).max(2), 'of the drawn pictures, 0 to 2', {
    default: DEFAULT_DIFFICULTY,
    for: DRAWN,
  }),
};

/** Flags that name what is trained; config.json has them as `train`, `network` or `features`. */
export const SOURCE = {
  backbone: setting('--backbone <name>', text(), `${BACKBONES.join(', ')}, onnx:FILE, or tfjs:model.json`, {
    default: unset('tiny-iresnet'),
  }),
  train: setting(
    '--train <part>',
    z.enum(TRAINED_PARTS),
    `${TRAINED_PARTS.join(' or ')}: every layer, or a linear embedding on fixed features`,
    { default: { text: 'all', of: ({ part }) => part } },
  ),
};

const LENGTH = 'length of the embedding';
const EMBEDDING_DIM = 128;
const DIM_TEXT = `as the backbone says; ${EMBEDDING_DIM} for an embedding`;
const fileDim = setting('--dim <n>', integer(2, 65536).optional(), LENGTH);

/** By the kind of network. */
export const NETWORKS = {
  'built-in': {
    dim: setting('--dim <n>', integer(2, 4096), LENGTH, {
      default: {
        text: DIM_TEXT,
        of: ({ source }) => (source.kind === 'built-in' ? BACKBONE_DIMS[source.name] : undefined),
      },
    }),
  },
  onnx: {
    dim: fileDim,
    freezeUntil: setting(
      '--freeze-until <node>',
      text().optional(),
      'this node and all before it stay as they are',
      { for: ONNX_FILE },
    ),
    freezeBn: setting('--freeze-bn', onOff, 'normalisations stay as they are', {
      default: false,
      for: ONNX_FILE,
    }),
  },
  layers: { dim: fileDim },
};

/** By the kind of features. */
export const FEATURES = {
  pixels: {
    size: setting('--pixels <side>', integer(8, 64), 'train an embedding on grey pictures of this side', {
      default: { text: '32', of: () => 32 },
      for: WITHOUT_BACKBONE,
    }),
  },
  onnx: {},
};

export const OF_EMBEDDING = {
  dim: setting('--dim <n>', integer(2, 4096), LENGTH, {
    default: { text: DIM_TEXT, of: () => EMBEDDING_DIM },
  }),
};

export const OF_NETWORK = {
  engine: setting('--engine <name>', z.enum(ENGINES), `${ENGINES.join(' or ')}: what runs the network`, {
    default: { text: 'onnx; tfjs for tfjs:model.json', of: ({ engine }) => engine as 'onnx' | 'tfjs' },
    for: NETWORK,
  }),
  threads: setting('--threads <n>', integer(1, 1024), 'threads of one operator', {
    default: { text: 'the number of processors', of: availableParallelism },
    for: ENGINE_ONNX,
  }),
};

export const AUGMENTATION = {
  flip: setting('--no-augment-flip', onOff, 'train on pictures without mirroring every second one', {
    default: true,
    for: NETWORK,
  }),
  shift: setting('--augment-shift <pixels>', integer(0, 64), 'how far pictures move at random in training', {
    default: 3,
    for: NETWORK,
  }),
};

/** Flags that make up `loss` in config.json. */
export const LOSS = {
  loss: setting('--loss <name>', text(), `one of ${LOSS_NAMES.join(', ')}`, { default: DEFAULT_LOSS }),
  scale: setting('--scale <s>', z.number(), 'scale of the cosines', {
    default: byKind(DEFAULT_SCALE, { drawn: 16 }),
  }),
  margin: setting('--margin <m>', z.number(), 'margin of the loss', {
    default: {
      text: 'its own; 0.3 for a network on drawn identities',
      // Margins of other losses are other numbers: SphereFace's is an integer.
      of: ({ kind, choices: { loss = DEFAULT_LOSS } }) =>
        kind === 'drawn' && loss === DEFAULT_LOSS ? 0.3 : undefined,
    },
  }),
  alpha: setting('--alpha <a>', text(), 'weight of a new batch in t: official, paper, tface or a number'),
  lossOption: setting(
    '--loss-option <name=value>',
    z.array(text()),
    'any other option of the loss; may be repeated',
  ),
  weighting: setting(
    '--weighting <name>',
    z.enum(['focal', 'ohem', 'self-paced']),
    'focal, ohem or self-paced, around the loss',
  ),
  weightingOption: setting(
    '--weighting-option <name=value>',
    z.array(text()),
    'an option of the weighting; may be repeated',
    { for: WITH_WEIGHTING },
  ),
};

const LEARNING_RATE = byKind(0.1, { file: 0.01, embedding: 0.02 });

export const OPTIMISATION = {
  head: setting('--head <backend>', text(), `one of ${BACKEND_NAMES.join(', ')}`, {
    default: {
      text: 'onnx; tfjs-wasm for --engine tfjs, reference for an embedding',
      of: ({ part, engine }) =>
        part === 'embedding' ? 'reference' : engine === 'tfjs' ? 'tfjs-wasm' : 'onnx',
    },
  }),
  epochs: setting('--epochs <n>', integer(1, 1e6), 'passes over the pictures', {
    default: byKind(15, { drawn: 4, file: 3, embedding: 10 }),
  }),
  // Many small steps: what a network learns of a few drawn identities in two minutes.
  batch: setting('--batch <n>', integer(1, 65536), 'pictures a batch', {
    default: byKind(128, { drawn: 32 }),
  }),
  accumulate: setting(
    '--accumulate <n>',
    integer(1, 1024),
    'micro-batches an optimiser step; one batch of all of them to the loss',
    { default: 1 },
  ),
  optimiser: setting('--optimiser <name>', z.enum(['sgd', 'adamw']), 'sgd or adamw', { default: 'sgd' }),
  // With AdamW rate and decay are PyTorch's defaults for a network from random weights.
  learningRate: setting('--lr <rate>', positive(), 'learning rate', {
    default: {
      text: `${LEARNING_RATE.text}; a hundredth of it with adamw`,
      of: (situation) => LEARNING_RATE.of(situation)! / (situation.choices.optimiser === 'adamw' ? 100 : 1),
    },
  }),
  momentum: setting('--momentum <m>', z.number().min(0).lt(1), 'momentum of SGD', {
    default: 0.9,
    for: SGD,
  }),
  nesterov: setting('--nesterov', onOff, "Nesterov's momentum", { default: false, for: SGD }),
  weightDecay: setting('--weight-decay <w>', z.number().min(0).max(1), 'weight decay', {
    default: {
      text: '0.0005; 0.01 with adamw',
      of: ({ choices }) => (choices.optimiser === 'adamw' ? 0.01 : 5e-4),
    },
  }),
  clipNorm: setting(
    '--clip-norm <x>',
    positive().optional(),
    'longest that the gradient may be; a longer one is scaled down',
    { default: unset('off') },
  ),
  schedule: setting(
    '--schedule <name>',
    z.enum(['constant', 'cosine', 'step', 'polynomial']),
    'constant, cosine, step or poly (of power 2)',
    { default: 'cosine', aliases: { poly: 'polynomial' } },
  ),
  warmupSteps: setting('--warmup-steps <n>', integer(0, 1e9), 'steps over which the learning rate rises', {
    default: byKind(60, { embedding: 0 }),
  }),
  seed,
  strict: setting('--strict', onOff, 'stop at the first unreadable picture', { default: false }),
};

export const EVALUATION = {
  pairs: setting('--pairs <file>', text().optional(), 'LFW list of pairs to score', {
    default: unset('pairs of identities held out'),
    for: WITH_DATA,
  }),
  pairsFolds: setting(
    '--pairs-folds <list>',
    text().optional(),
    'folds of --pairs to score; the others choose the threshold',
    { for: WITH_PAIRS },
  ),
  flip: setting('--no-flip', onOff, 'leave out the scores of picture and mirror image summed', {
    default: true,
  }),
  // It takes as long as the training itself, so for a network it has to be asked for.
  control: setting('--[no-]control', onOff, 'also train on shuffled labels', {
    default: byKind(false, { embedding: true }),
  }),
};

/** Flags of a call of the program, not of the training. */
export const RUN = {
  out: setting('--out <folder>', text(), 'where everything is written', {
    default: unset('runs/DATE'),
  }),
  featuresFrom: setting(
    '--features-from <folder>',
    text(),
    'a run on the same pictures and backbone, to take its features from',
    { for: EMBEDDING },
  ),
  initFrom: setting(
    '--init-from <folder>',
    text(),
    'a run to start from: its weights, and the class centers of identities of the same name',
  ),
  config: setting('--config <file>', text(), 'a config.json in place of the flags of the training'),
  printSchema: setting('--print-schema', onOff, 'print the JSON Schema of config.json, and do nothing else'),
  resume: setting('--resume <folder>', text(), 'continue an interrupted run from its checkpoint'),
};
