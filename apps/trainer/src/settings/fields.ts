import { availableParallelism } from 'node:os';
import { BACKBONE_NAMES, backbone } from '@cf/backbones';
import { CURRICULUM_SHAPES, LOSS_NAMES } from '@cf/core';
import { z } from 'zod';
import { DEVICE_CHOICES } from '../engines/device.ts';
import { KERNEL_CHOICES } from '../engines/kernel-choice.ts';
import { MEMORY_CHOICES } from '../engines/memory-choice.ts';
import { BACKEND_NAMES } from '../engines/open-backend.ts';
import { byKind, type FlagsOf, only, type Setting, setting } from './setting.ts';
import { ENGINES, ONLY, type Situation, TRAINED_PARTS } from './situation.ts';

// This file is the table of settings: a flag, its help, its check, its default and its place in config.json are one
// entry. `--help`, the checks, the JSON Schema and the README's table are made of it.

const integer = (low: number, high: number): z.ZodInt => z.int().min(low).max(high);
const range = (low: number, high: number): z.ZodNumber => z.number().min(low).max(high);
const text = (): z.ZodString => z.string().min(1);
const positive = (): z.ZodNumber => z.number().positive();
const off = (): z.ZodDefault<z.ZodBoolean> => z.boolean().default(false);
const on = (): z.ZodDefault<z.ZodBoolean> => z.boolean().default(true);

/** Of drawn pictures: what the default network learns in minutes, and pixels alone do not tell. */
export const DEFAULT_DIFFICULTY = 0.95;
/** Default s of a cosine loss in this program; the papers' 64 is for many more identities. */
export const DEFAULT_SCALE = 32;
export const DEFAULT_LOSS = 'curricularface';
export const WEIGHTINGS = ['focal', 'ohem', 'self-paced'] as const;

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

const seed = setting('--seed <n>', integer(0, 2 ** 31).default(0), 'same seed, same run');
const fileDim = setting('--dim <n>', integer(2, 65536).optional(), 'length of the embedding');

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

/** Flags that name what is trained; config.json has it as `train`, and `network` or `features`. */
export const source = {
  backbone: setting(
    '--backbone <name>',
    text(),
    `${BACKBONE_NAMES.join(', ')}, onnx:FILE, or tfjs:model.json`,
    { told: 'tiny-iresnet' },
  ),
  train: setting(
    '--train <part>',
    z.enum(TRAINED_PARTS),
    'all or embedding: every layer, or a linear embedding on fixed features',
    { told: 'all' },
  ),
};

export const layers = { dim: fileDim };

/** Of a file of ONNX, whether it is trained or stays as it is. */
export const onnxInput = only(ONLY.anyOnnxFile, {
  input: setting(
    '--input <preset>',
    z.enum(['insightface', 'imagenet', 'raw']).optional(),
    'how the network wants its pixels: insightface is (x - 127.5) / 127.5, imagenet its mean and deviation, raw 0 to 255',
    { told: 'as the file says, or does by itself' },
  ),
  inputMean: setting('--input-mean <m>', text().optional(), 'taken from pixels: one number, or three'),
  inputStd: setting('--input-std <s>', text().optional(), 'divides pixels: one number, or three'),
  inputOrder: setting('--input-order <order>', z.enum(['rgb', 'bgr']).optional(), 'rgb or bgr', {
    told: 'rgb',
  }),
  inputLayout: setting('--input-layout <layout>', z.enum(['nchw', 'nhwc']).optional(), 'nchw or nhwc', {
    told: 'as the shape of the input says',
  }),
  inputSize: setting(
    '--input-size <size>',
    text().optional(),
    'side of the pictures, or 112x96, where the file leaves height and width open',
  ),
  inputName: setting(
    '--input-name <name>',
    text().optional(),
    'the input for pictures, where there are several',
  ),
  outputName: setting(
    '--output-name <name>',
    text().optional(),
    'the embedding, where there are several outputs',
  ),
  keepShared: setting('--keep-shared', z.boolean().optional(), 'weights that several layers read stay one'),
});

export const onnx = {
  dim: fileDim,
  ...onnxInput,
  ...only(ONLY.onnxFile, {
    freezeUntil: setting('--freeze-until <node>', text().optional(), 'it and all before it stay as they are'),
    freezeBn: setting('--freeze-bn', off(), 'normalisations stay as they are'),
  }),
};

export const builtIn = {
  dim: setting('--dim <n>', integer(2, 4096), 'length of the embedding', {
    default: ({ source: from }) => (from.kind === 'built-in' ? backbone(from.name).embeddingSize : 128),
    told: 'as the backbone says; 128 for an embedding',
  }),
};

/** Of an embedding. */
export const embedding = { dim: builtIn.dim };

export const pixels = only(ONLY.pixels, {
  size: setting('--pixels <side>', integer(8, 64).default(32), 'an embedding on grey pictures of this side'),
});

/** Of a network. */
export const network = {
  ...only(ONLY.network, {
    engine: setting('--engine <name>', z.enum(ENGINES), `${ENGINES.join(' or ')}: what runs the network`, {
      default: ({ engine }) => engine as (typeof ENGINES)[number],
      told: 'onnx; tfjs for tfjs:model.json',
    }),
    dataMemory: setting(
      '--data-memory <size>',
      text().optional(),
      'decoded pictures kept in memory, such as 2GiB; those that do not fit are read again',
      { told: 'half of what is free' },
    ),
    dataWorkers: setting(
      '--data-workers <n>',
      integer(0, 1024).optional(),
      'threads that read and change pictures ahead of training',
      { told: 'one for two processors; none where all pictures fit and are hardly changed' },
    ),
  }),
  ...only(ONLY.engineOnnx, {
    threads: setting('--threads <n>', integer(1, 1024), 'threads of one operator', {
      default: availableParallelism,
      told: 'the number of processors',
    }),
    kernels: setting(
      '--kernels <name>',
      z.enum(KERNEL_CHOICES).default('auto'),
      `what computes the training on the processor: one of ${KERNEL_CHOICES.join(', ')}; auto takes oneDNN where it is there and knows every layer`,
    ),
    memory: setting(
      '--memory <choice>',
      z.enum(MEMORY_CHOICES).default('normal'),
      `${MEMORY_CHOICES.join(' or ')}: low computes activations again instead of keeping them; what that gives and costs is told`,
    ),
    exportType: setting(
      '--export-type <type>',
      z.enum(['float32', 'float16', 'bfloat16']).optional(),
      'numbers of the file that is written; training is in float32',
      { told: 'float32' },
    ),
  }),
};

export const augmentation = only(ONLY.network, {
  flip: setting('--no-augment-flip', on(), 'train on pictures without mirroring every second one'),
  shift: setting('--augment-shift <pixels>', integer(0, 64).default(3), 'how far training pictures move'),
  crop: setting(
    '--augment-crop <share>',
    range(0, 0.9).default(0),
    'cut out a window, its sides shorter by up to this share, and enlarge it',
  ),
  colour: setting(
    '--augment-colour <strength>',
    range(0, 1).default(0),
    'multiply brightness, contrast and saturation by up to 1 ± this',
  ),
  grey: setting('--augment-grey <share>', range(0, 1).default(0), 'share of pictures without colour'),
  blur: setting('--augment-blur <share>', range(0, 1).default(0), 'share of pictures blurred'),
  resample: setting(
    '--augment-resample <share>',
    range(0, 1).default(0),
    'share of pictures made small, to 0.2 to 0.8 of their sides, and large again',
  ),
  jpeg: setting(
    '--augment-jpeg <share>',
    range(0, 1).default(0),
    'share of pictures compressed as JPEG, of quality 20 to 80',
  ),
  erase: setting(
    '--augment-erase <share>',
    range(0, 1).default(0),
    'share of pictures of which a rectangle is painted over',
  ),
});

const SCALE = byKind(DEFAULT_SCALE, { drawn: 16 });

/** Flags that make up `loss` in config.json. */
export const loss = {
  loss: setting('--loss <name>', text().default(DEFAULT_LOSS), `one of ${LOSS_NAMES.join(', ')}`),
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

const BATCH = byKind(128, { drawn: 32 });
const EPOCHS = byKind(15, { drawn: 4, file: 3, embedding: 10 });
const CONTROL = byKind(false, { embedding: true });
const WARMUP = byKind(60, { embedding: 0 });
const SGD_RATE = byKind(0.1, { file: 0.01, embedding: 0.02 });
const isAdam = ({ choices }: Situation): boolean => choices.optimiser === 'adamw';

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
  epochs: setting('--epochs <n>', integer(1, 1e6), 'passes over the pictures', EPOCHS),
  // Many small steps: what a network learns of a few drawn identities in two minutes.
  batch: setting('--batch <n>', integer(1, 65536), 'pictures a batch', {
    default: (situation) => {
      const { sampler = 'uniform' } = situation.choices;
      const [, identities, images] = /^pk:(\d+)x(\d+)$/.exec(sampler) ?? [];
      const size = Number(identities) * Number(images);
      // What is no batch is refused as a sampler.
      return size >= 1 && size <= 65536 ? size : BATCH.default(situation);
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

/** What is kept of a training while it runs, and when it ends early. */
export const keeping = {
  checkpointEvery: setting(
    '--checkpoint-every <pace>',
    text().optional(),
    'a checkpoint within an epoch too, such as 500steps, 10min or 2h',
    { told: 'after every epoch' },
  ),
  keepCheckpoints: setting(
    '--keep-checkpoints <n>',
    integer(1, 1e6).default(2),
    'how many checkpoints stay, the newest among them; the best one stays beside them',
  ),
  validateEvery: setting(
    '--validate-every <epochs>',
    integer(1, 1e6).optional(),
    'score the pairs every so many epochs; the best checkpoint is kept and becomes the model',
    { told: 'off' },
  ),
  ...only(ONLY.validated, {
    earlyStopping: setting(
      '--early-stopping <n>',
      integer(1, 1e6).optional(),
      'stop when so many scores in a row were no better than the best',
      { told: 'off' },
    ),
  }),
};

export const NEW_CENTERS = ['mean', 'random'] as const;

/** Of a training that starts from another run. */
export const start = only(ONLY.started, {
  newCenters: setting(
    '--new-centers <start>',
    z.enum(NEW_CENTERS).optional(),
    'mean or random: class centers of identities that the earlier run did not have start at the mean embedding of their pictures, or anywhere',
    { told: 'mean' },
  ),
});

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
  // It takes as long as the training itself, so for a network it has to be asked for.
  control: setting('--[no-]control', z.boolean(), 'also train on shuffled labels', CONTROL),
};

/** Flags of a call of the program, not of the training. */
export const run = {
  out: setting('--out <folder>', text(), 'where everything is written', { told: 'runs/DATE' }),
  ...only(ONLY.embedding, {
    featuresFrom: setting(
      '--features-from <folder>',
      text(),
      'a run on the same pictures and backbone, to take its features from',
    ),
  }),
  initFrom: setting('--init-from <folder>', text(), 'a run to take weights and class centers (by name) from'),
  config: setting(
    '--config <file>',
    text(),
    'a configuration in YAML or JSON, such as config.json of a run; flags beside it win',
  ),
  resume: setting('--resume <folder>', text(), 'continue an interrupted run from its checkpoint'),
  dryRun: setting(
    '--dry-run',
    off(),
    'tell shapes, parameters, memory, steps and time of the training, after a few steps on noise; write nothing',
  ),
  json: setting(
    '--json',
    off(),
    'print what happens as JSON lines, and nothing else, on the standard output',
  ),
  printSchema: setting('--print-schema', off(), 'print the JSON Schema of config.json, and do nothing else'),
};

/** All of the table, in the order and under the titles of `--help`. */
const TITLED = {
  'Pictures:': [folder, synthetic],
  'What is trained:': [source, onnx, builtIn, pixels, network, augmentation],
  'Loss:': [loss],
  'Training:': [optimisation],
  'Scores:': [evaluation],
  'The run:': [keeping, run, start],
};

type SectionOfTable = (typeof TITLED)[keyof typeof TITLED][number];
type EntryOf<S> = S extends unknown ? S[keyof S] : never;

/** The flags of `cf train`, as the command line gives them. */
export type TrainFlags = FlagsOf<EntryOf<SectionOfTable>>;

/** What the command line says about the loss. */
export type LossFlags = FlagsOf<EntryOf<typeof loss>> & { readonly loss: string };

/** Every flag once, with the title that it stands under. */
export function everySetting(): readonly (Setting & { readonly title: string })[] {
  const byFlag = new Map<string, Setting & { readonly title: string }>();
  for (const [title, sections] of Object.entries(TITLED)) {
    for (const one of sections.flatMap((section) => Object.values<Setting>(section))) {
      // Where two kinds of training have the flag, it stands by the second.
      byFlag.delete(one.flag);
      byFlag.set(one.flag, { ...one, title });
    }
  }
  return [...byFlag.values()];
}
