import { CURRICULUM_SHAPES } from '@cf/core';
import { z } from 'zod';
import { DEVICE_CHOICES } from '../../engines/device.ts';
import { BACKEND_NAMES } from '../../engines/open-backend.ts';
import { parseSampler } from '../sampler-choice.ts';
import { byKind, only, setting } from '../setting.ts';
import { ONLY, type Situation } from '../situation.ts';
import { seed } from './seed.ts';
import { integer, off, positive, range, text } from './values.ts';

const BATCH = byKind(128, { drawn: 32 });
const EPOCHS = byKind(15, { drawn: 4, file: 3, embedding: 10 });
const WARMUP = byKind(60, { embedding: 0 });
const SGD_RATE = byKind(0.1, { file: 0.01, embedding: 0.02 });
const isAdam = ({ choices }: Situation): boolean => choices.optimiser === 'adamw';

/** Steps from one look of the losses that look on to the next. */
export const SHADOW_EVERY = 10;

/** How the weights are found: head, batches, steps. */
export const optimisation = {
  head: setting('--head <backend>', text(), `one of ${BACKEND_NAMES.join(', ')}`, {
    default: ({ part, engine, choices: { device = 'cpu' } }) =>
      part === 'embedding' && device === 'cpu' ? 'reference' : engine === 'tfjs' ? 'tfjs-wasm' : 'onnx',
    told: 'onnx; tfjs-wasm for --engine tfjs, reference for an embedding without --device',
  }),
  ...only(ONLY.onnxruntime, {
    device: setting(
      '--device <name>',
      z.enum(DEVICE_CHOICES).default('cpu'),
      `where network and head run: one of ${DEVICE_CHOICES.join(', ')}; auto takes a card that is there, proven and faster`,
    ),
  }),
  subCenters: setting('--sub-centers <k>', integer(1, 1024).default(1), 'class centers of each class'),
  shadow: setting(
    '--shadow <losses>',
    text().optional(),
    'losses that look on, such as arcface,mv-arc-softmax:t=1.1: the cosines between their gradients and those of the trained loss, which they do not change',
    { told: 'none' },
  ),
  ...only(ONLY.shadowed, {
    shadowEvery: setting(
      '--shadow-every <n>',
      integer(1, 1e9).optional(),
      'steps from one look to the next',
      {
        default: ({ choices }) => (choices.shadow === undefined ? undefined : SHADOW_EVERY),
        told: String(SHADOW_EVERY),
      },
    ),
  }),
  epochs: setting('--epochs <n>', integer(1, 1e6), 'passes over the pictures', EPOCHS),
  // Many small steps: what a network learns of a few drawn identities in two minutes.
  batch: setting('--batch <n>', integer(1, 65536), 'pictures a batch', {
    default: (situation) => {
      const sampler = parseSampler(situation.choices.sampler ?? 'uniform');
      return sampler?.kind === 'pk' ? sampler.identities * sampler.images : BATCH.default(situation);
    },
    told: `${BATCH.told}; P·K with --sampler pk:PxK`,
  }),
  accumulate: setting(
    '--accumulate <n>',
    integer(1, 1024).default(1),
    'micro-batches an optimiser step; one batch of all of them to the loss',
  ),
  lastBatch: setting(
    '--last-batch <choice>',
    z.enum(['drop', 'keep']).default('drop'),
    'drop or keep: what becomes of the pictures of an epoch that are too few for a step',
  ),
  sampler: setting(
    '--sampler <name>',
    text().default('uniform'),
    'uniform; balanced (every identity equally often); pk:PxK (P identities, K pictures of each); curriculum (easy pictures first)',
  ),
  ...only(ONLY.curriculum, {
    difficulties: setting(
      '--difficulties <file>',
      text().optional(),
      'how hard each picture is: JSON lines or CSV of picture and difficulty, such as cf data difficulty writes',
    ),
    curriculumPace: setting(
      '--curriculum-pace <shape>',
      z.enum(CURRICULUM_SHAPES).default('linear'),
      `how the share of pictures in use grows: ${CURRICULUM_SHAPES.join(', ')}`,
    ),
    curriculumStart: setting(
      '--curriculum-start <share>',
      z.number().gt(0).max(1).default(0.2),
      'share of the pictures, the easiest, that training starts with',
    ),
    curriculumEnd: setting(
      '--curriculum-end <share>',
      range(0, 1).default(0.5),
      'share of the training after which all pictures are in use',
    ),
  }),
  classWeights: setting(
    '--class-weights <which>',
    text().optional(),
    'balanced (an identity counts as much as any other), or a file, JSON lines or CSV, of identity and weight',
    { told: 'every picture counts alike' },
  ),
  optimiser: setting('--optimiser <name>', z.enum(['sgd', 'adamw']).default('sgd'), 'sgd or adamw'),
  // With AdamW rate and decay are PyTorch's defaults for a network from random weights.
  learningRate: setting('--lr <rate>', positive(), 'learning rate', {
    default: (situation) => SGD_RATE.default(situation) / (isAdam(situation) ? 100 : 1),
    told: `${SGD_RATE.told}; a hundredth of it with adamw`,
  }),
  ...only(ONLY.sgd, {
    momentum: setting('--momentum <m>', z.number().min(0).lt(1).default(0.9), 'momentum'),
    nesterov: setting('--nesterov', off(), 'Nesterov momentum'),
  }),
  weightDecay: setting('--weight-decay <w>', range(0, 1), 'weight decay', {
    default: (situation) => (isAdam(situation) ? 0.01 : 5e-4),
    told: '0.0005; 0.01 with adamw',
  }),
  biasWeightDecay: setting(
    '--bias-weight-decay <w>',
    range(0, 1).default(0),
    "weight decay of the classes' bias, where the loss has one",
  ),
  clipNorm: setting(
    '--clip-norm <x>',
    positive().optional(),
    'largest norm of the gradient; a longer one is scaled down',
    { told: 'off' },
  ),
  clipCenters: setting(
    '--clip-centers <limit>',
    text().optional(),
    'largest length of the gradient of class centers: row:x of each, norm:x of all together',
    { told: 'off' },
  ),
  update: setting(
    '--update <name>',
    z.enum(['plain', 'fused']).default('plain'),
    'when class centers move: plain, once their gradient is whole, or fused, with each tile of it, so that it takes no memory',
  ),
  sampleRate: setting(
    '--sample-rate <share>',
    z.number().gt(0).max(1).optional(),
    'share of the classes that a step sees and moves: those of its pictures, and others drawn anew (Partial FC)',
    { told: 'all classes' },
  ),
  ...only(ONLY.sampled, {
    sampleNegatives: setting(
      '--sample-negatives <name>',
      z.enum(['published', 'corrected']).optional(),
      'published: the loss knows the drawn classes alone; corrected: each drawn negative counts for those it was drawn from',
      {
        default: ({ choices }) => (choices.sampleRate === undefined ? undefined : 'published'),
        told: 'published',
      },
    ),
  }),
  schedule: setting(
    '--schedule <name>',
    z.enum(['constant', 'cosine', 'step', 'polynomial']).default('cosine'),
    'constant, cosine, step or poly (of power 2)',
    { aliases: { poly: 'polynomial' } },
  ),
  warmupSteps: setting('--warmup-steps <n>', integer(0, 1e9), 'steps of a rising learning rate', WARMUP),
  seed,
  strict: setting('--strict', off(), 'stop at the first unreadable picture'),
};
