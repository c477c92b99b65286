import { BACKBONE_NAMES, backbone } from '@cf/backbones';
import { z } from 'zod';
import { only, setting } from '../setting.ts';
import { ONLY, TRAINED_PARTS } from '../situation.ts';
import { integer, off, text } from './values.ts';

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

const fileDim = setting('--dim <n>', integer(2, 65536).optional(), 'length of the embedding');

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
  ...only(ONLY.builtIn, {
    side: setting(
      '--side <n>',
      integer(16, 1024).optional(),
      'side of its pictures; smaller ones train faster',
      {
        told: 'as the backbone says',
      },
    ),
  }),
};

/** Of an embedding. */
export const embedding = { dim: builtIn.dim };

export const pixels = only(ONLY.pixels, {
  size: setting('--pixels <side>', integer(8, 64).default(32), 'an embedding on grey pictures of this side'),
});
