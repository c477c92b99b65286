import { LOSS_NAMES, OptionOutOfRangeError } from '@cf/core';
import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../exit-codes.ts';
import { configWith, failureOf, flagsWith, networkConfigWith } from '../testing.ts';
import { checkConfig } from './check-config.ts';
import type { TrainFlags } from './fields.ts';
import { resolveConfig } from './resolve-config.ts';
import { onnxFile } from './situation.ts';

describe('resolveConfig', () => {
  it('draws identities where no folder is given', () => {
    const { data, features, evaluation } = configWith({ seed: 3 });
    expect(data).toEqual({ kind: 'synthetic', seed: 3, identities: 12, imagesPerIdentity: 4, difficulty: 1 });
    expect(features).toEqual({ kind: 'pixels', size: 8 });
    expect(evaluation).toEqual({
      pairs: undefined,
      pairsFolds: undefined,
      flip: true,
      before: true,
      control: false,
    });
  });

  it('takes a folder with its lists, and a backbone', () => {
    const files = { data: 'lfw', people: 'people.txt', folds: '1-9', pairs: 'pairs.txt', pairsFolds: '10' };
    const { data, features, evaluation } = configWith({ ...files, backbone: 'onnx:a:b.onnx' });
    expect(data).toEqual({
      kind: 'folder',
      root: 'lfw',
      people: 'people.txt',
      folds: '1-9',
      minImages: 2,
      checkContent: false,
    });
    expect(features).toEqual({ kind: 'onnx', file: 'a:b.onnx' });
    expect(evaluation).toMatchObject({ pairs: 'pairs.txt', pairsFolds: '10' });
  });

  it('trains a small network end to end where nothing else is said', () => {
    const flags = { ...flagsWith(), train: undefined, pixels: undefined } as never;
    expect(resolveConfig(flags)).toMatchObject({
      train: 'all',
      network: { kind: 'built-in', name: 'tiny-iresnet' },
    });
    expect(resolveConfig(flagsWith({ train: undefined as never }))).toMatchObject({ train: 'embedding' });
  });

  it('has defaults of its own for each kind of training', () => {
    const unset = { lr: undefined, epochs: undefined, dim: undefined, warmupSteps: undefined } as never;
    expect(networkConfigWith(unset)).toMatchObject({ epochs: 4 });
    expect(networkConfigWith({ ...(unset as object), data: 'faces' })).toMatchObject({
      learningRate: 0.1,
      epochs: 15,
      warmupSteps: 60,
      network: { dim: 256 },
      augmentation: { flip: true, shift: 3 },
      evaluation: { control: false },
    });
    expect(networkConfigWith({ ...(unset as object), backbone: 'onnx:x' })).toMatchObject({
      learningRate: 0.01,
      epochs: 3,
      network: { kind: 'onnx', file: 'x', dim: undefined, freezeBn: false },
    });
    const control = { control: undefined } as never;
    expect(configWith({ ...(unset as object), ...(control as object) })).toMatchObject({
      learningRate: 0.02,
      epochs: 10,
      warmupSteps: 0,
      dim: 128,
      evaluation: { control: true },
    });
  });

  it('leaves Circle loss its own scale', () => {
    expect(configWith({ loss: 'circle' }).loss).toEqual({ name: 'circle', params: {} });
    expect(configWith({ loss: 'circle', scale: 80 }).loss.params).toEqual({ scale: 80 });
  });

  it.each(LOSS_NAMES)('takes %s, smoothed where it is a softmax', (loss) => {
    expect(configWith({ loss, subCenters: 3 })).toMatchObject({ loss: { name: loss }, subCenters: 3 });
    const binary = ['sphereface2', 'uniface', 'bce-face'].includes(loss);
    const smooth = (): unknown => configWith({ loss, labelSmoothing: 0.1 }).loss.params.labelSmoothing;
    if (binary) expect(smooth).toThrow(OptionOutOfRangeError);
    else expect(smooth()).toBe(0.1);
  });

  it('exchanges labels only where it is told to', () => {
    const { data } = configWith({ data: 'faces', labelNoise: 0.1, dropSuspects: 'list.jsonl' });
    expect(data).toMatchObject({ labelNoise: 0.1, labelNoiseSeed: 0, dropSuspects: 'list.jsonl' });
  });

  it('has defaults of its own for AdamW', () => {
    const flags = { optimiser: 'adamw' };
    expect(resolveConfig({})).toMatchObject({ optimiser: 'sgd', learningRate: 0.1, weightDecay: 5e-4 });
    expect(resolveConfig({ ...flags, backbone: 'onnx:x' })).toMatchObject({ learningRate: 1e-4 });
    expect(resolveConfig({ ...flags, lr: 0.5, schedule: 'poly' })).toMatchObject({
      learningRate: 0.5,
      weightDecay: 0.01,
      schedule: 'polynomial',
    });
  });

  it.each<[Partial<TrainFlags>, RegExp]>([
    [{ train: 'head' }, /train = "head"/],
    [{ train: 'all', backbone: 'resnet' }, /'resnet', expected tiny-iresnet, .*, onnx:FILE/],
    [{ backbone: 'tiny-iresnet' }, /'tiny-iresnet', expected onnx:FILE/],
    [{ train: 'all', augmentShift: 0.5 }, /augment-shift = 0.5/],
    [{ train: 'all', threads: 0 }, /threads = 0/],
    [{ train: 'all', dim: 1 }, /dim = 1/],
    [{ people: 'x' }, /--people without --data/],
    [{ folds: '1' }, /--folds without --people/],
    [{ data: 'x', folds: '1' }, /--folds without --people/],
    [{ pairs: 'x' }, /--pairs without --data/],
    [{ pairsFolds: '1' }, /--pairs-folds without --pairs/],
    [{ data: 'x', pairsFolds: '1' }, /--pairs-folds without --pairs/],
    [{ data: 'x', minImages: 0 }, /min-images = 0/],
    [{ identities: 3 }, /identities = 3/],
    [{ imagesPerIdentity: 1 }, /images-per-identity = 1/],
    [{ difficulty: 2.5 }, /difficulty = 2.5/],
    [{ backbone: 'face.onnx' }, /'face.onnx', expected onnx:FILE/],
    [{ backbone: 'onnx:' }, /expected onnx:FILE/],
    [{ pixels: 4 }, /pixels = 4/],
    [{ dim: 1 }, /dim = 1/],
    [{ dim: 8.5 }, /dim = 8.5/],
    [{ epochs: 0 }, /epochs = 0/],
    [{ batch: Number.POSITIVE_INFINITY }, /batch = Infinity/],
    [{ accumulate: 0 }, /accumulate = 0/],
    [{ lr: 0 }, /lr = 0/],
    [{ lr: Number.POSITIVE_INFINITY }, /lr = Infinity/],
    [{ momentum: 1 }, /momentum = 1/],
    [{ weightDecay: -1 }, /weight-decay = -1/],
    [{ schedule: 'linear' }, /schedule = "linear"/],
    [{ subCenters: 0 }, /sub-centers = 0, expected an integer, 1 ≤ sub-centers ≤ 1024/],
    [{ labelSmoothing: 1 }, /labelSmoothing = 1/],
    [{ biasWeightDecay: -1 }, /bias-weight-decay = -1/],
    [{ labelNoise: 2 }, /label-noise = 2, expected 0 ≤ label-noise ≤ 1/],
    [{ labelNoiseSeed: 2 }, /--label-noise-seed without --label-noise, /],
    [{ loss: 'dynamic-arcface', lossOption: ['lambda=2'] }, /lambda = 2/],
    [{ loss: 'arcface', lossOption: ['preset=relase'] }, /preset of arcface 'relase'/],
    [{ warmupSteps: -1 }, /warmup-steps = -1/],
    [{ seed: 0.5 }, /seed = 0.5/],
    [{ loss: 'arcfac' }, /loss 'arcfac'/],
    [{ margin: -9 }, /margin = -9/],
    [{ loss: 'softmax', margin: 0.5 }, /option of softmax 'margin'/],
    [{ scale: 0 }, /scale = 0/],
    [{ alpha: 'fast' }, /preset of alpha 'fast'/],
    [{ loss: 'focal', weighting: 'ohem' }, /one weighting/],
    [{ weightingOption: ['gamma=1'] }, /--weighting-option without --weighting/],
    [{ optimiser: 'adam' }, /optimiser = "adam", expected one of "sgd", "adamw"/],
    [{ optimiser: 'adamw', nesterov: true }, /--optimiser adamw with --nesterov/],
    [{ optimiser: 'adamw', momentum: 0.5 }, /--optimiser adamw with --momentum/],
    [{ nesterov: true, momentum: 0 }, /nesterov with momentum = 0/],
    [{ clipNorm: 0 }, /clip-norm = 0, expected 0 < clip-norm/],
    [{ clipCenters: 'rows:1' }, /--clip-centers rows:1, expected row:x or norm:x/],
    [{ clipCenters: 'row:0' }, /--clip-centers row:0/],
    [{ update: 'fused', shadow: 'arcface' }, /--update fused with --shadow/],
    [{ sampleRate: 0.1, shadow: 'arcface' }, /--sample-rate with --shadow/],
    [{ sampleRate: 0 }, /sample-rate = 0/],
    [{ sampleNegatives: 'corrected' }, /--sample-negatives without --sample-rate/],
    [{ update: 'fuse' }, /update = "fuse", expected one of/],
    [{ train: 'all', featuresFrom: 'x' }, /--train all with --features-from/],
    [{ train: 'all', engine: 'tf' }, /engine = "tf"/],
  ])('names what is wrong with %j', async (changes, message) => {
    const error = await failureOf(() => resolveConfig(flagsWith(changes)));
    expect(error.message).toMatch(message);
    expect(exitCodeOf(error)).toBe(2);
  });
});

/** As runs wrote it that knew neither optimisers nor clipping. */
const OLD_CONFIG = {
  train: 'all',
  engine: 'onnx',
  data: { kind: 'synthetic', seed: 0, identities: 200, imagesPerIdentity: 20, difficulty: 0.95 },
  loss: { name: 'curricularface', params: { scale: 16, margin: 0.3 } },
  head: 'onnx',
  epochs: 4,
  batch: 32,
  accumulate: 1,
  learningRate: 0.1,
  momentum: 0.9,
  weightDecay: 0.0005,
  schedule: 'cosine',
  warmupSteps: 60,
  seed: 0,
  strict: false,
  evaluation: { flip: true, control: false },
  network: { kind: 'built-in', name: 'tiny-iresnet', dim: 256 },
  augmentation: { flip: true, shift: 3 },
  threads: 2,
};

describe('checkConfig', () => {
  it('accepts a configuration that went through JSON', () => {
    for (const flags of [{}, { data: 'x', backbone: 'onnx:y' }])
      expect(() => checkConfig(JSON.parse(JSON.stringify(configWith(flags))))).not.toThrow();
    for (const flags of [{}, { data: 'x', backbone: 'onnx:y' }])
      expect(() => checkConfig(JSON.parse(JSON.stringify(networkConfigWith(flags))))).not.toThrow();
  });

  it('reads files of older runs, and fills in what they lack', () => {
    const { train, engine, augmentation, network, threads, ...common } = OLD_CONFIG;
    const old = { ...common, train: 'embedding', features: { kind: 'pixels', size: 32 }, dim: 128 };
    const filled = {
      optimiser: 'sgd',
      keepCheckpoints: 2,
      device: 'cpu',
      nesterov: false,
      subCenters: 1,
      biasWeightDecay: 0,
      update: 'plain',
      lastBatch: 'drop',
      sampler: 'uniform',
      curriculumPace: 'linear',
      curriculumStart: 0.2,
      curriculumEnd: 0.5,
      evaluation: { ...OLD_CONFIG.evaluation, before: true },
    };
    expect(checkConfig(old)).toEqual({ ...old, ...filled });
    const ofNetworks = { kernels: 'auto', memory: 'normal', syncBn: false };
    const none = { crop: 0, colour: 0, grey: 0, blur: 0, resample: 0, jpeg: 0, erase: 0 };
    const augmented = { augmentation: { ...OLD_CONFIG.augmentation, ...none } };
    expect(checkConfig(OLD_CONFIG)).toEqual({ ...OLD_CONFIG, ...filled, ...ofNetworks, ...augmented });
  });

  it('is what flags of older versions still give', () => {
    expect(resolveConfig({ threads: 2 })).toMatchObject(OLD_CONFIG);
  });

  it('names fields of a file as they stand there', () => {
    expect(() => checkConfig({ ...configWith(), learningRate: 0 })).toThrow(
      /^learningRate = 0, expected 0 </,
    );
    const evaluation = { ...configWith().evaluation, flip: 1 };
    expect(() => checkConfig({ ...configWith(), evaluation })).toThrow(
      /^evaluation\.flip = 1, expected one of false, true/,
    );
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', 3, /the configuration = 3, expected an object/],
    ['a list', [], /the configuration = \[\]/],
    ['nothing in it', {}, /train = undefined/],
    ['no data', { train: 'all' }, /data = undefined/],
    ['a slip in a name', { ...configWith(), learnigRate: 1 }, /'learnigRate'.*\n.*'learningRate'/],
    [
      'a slip in the name of a field that must be there',
      { ...configWith(), epochs: undefined, epoch: 1 },
      /'epoch'.*\n.*'epochs'/,
    ],
    ['no kind of data', { ...configWith(), data: {} }, /data\.kind = undefined/],
    ['a folder without a path', { ...configWith(), data: { kind: 'folder', minImages: 2 } }, /data\.root/],
    [
      'an unknown field of data',
      { ...configWith(), data: { ...configWith().data, root: 'x' } },
      /field of data 'root'/,
    ],
    ['no kind of features', { ...configWith(), features: null }, /features = null/],
    ['a backbone without a file', { ...configWith(), features: { kind: 'onnx' } }, /features\.file/],
    ['features beside a network', { ...networkConfigWith(), features: {} }, /'features'/],
    [
      'an unknown backbone',
      { ...networkConfigWith(), network: { kind: 'built-in', name: 'x' } },
      /network\.name/,
    ],
    ['a network without a file', { ...networkConfigWith(), network: { kind: 'onnx' } }, /network\.file/],
    ['no augmentation', { ...networkConfigWith(), augmentation: undefined }, /augmentation = undefined/],
    ['a number as text', { ...configWith(), epochs: '3' }, /epochs = "3"/],
    ['no loss', { ...configWith(), loss: undefined }, /loss = undefined/],
    ['a loss without parameters', { ...configWith(), loss: { name: 'arcface' } }, /loss\.params/],
    ['no evaluation', { ...configWith(), evaluation: 'all' }, /evaluation = "all"/],
    ['Nesterov beside AdamW', { ...configWith(), optimiser: 'adamw', nesterov: true }, /nesterov with/],
    ['a switch that is none', { ...configWith(), strict: 'no' }, /strict = "no"/],
  ])('refuses a configuration with %s', async (_, config, message) => {
    const error = await failureOf(() => checkConfig(config as never));
    expect(error.message).toMatch(message);
    expect(exitCodeOf(error)).toBe(2);
  });
});

it('onnxFile takes what follows the kind', () => {
  expect(onnxFile('onnx:models/x.onnx')).toBe('models/x.onnx');
  expect(() => onnxFile('tf:x')).toThrow(/onnx:FILE/);
});
