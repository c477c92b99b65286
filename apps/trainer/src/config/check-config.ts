import { BACKBONE_NAMES } from '@cf/backbones';
import {
  createLoss,
  OptionOutOfRangeError,
  requireChoice,
  requireInteger,
  requirePositive,
  requireRange,
  UnknownNameError,
} from '@cf/core';
import { UsageError } from '../errors.ts';
import { SCHEDULES } from '../optimiser/schedule.ts';
import {
  type CommonTraining,
  type DataConfig,
  type EmbeddingTraining,
  ENGINES,
  type EvaluationConfig,
  type FeatureConfig,
  type NetworkConfig,
  type NetworkTraining,
  TRAINED_PARTS,
  type TrainConfig,
} from './train-config.ts';

type Fields<Config> = Readonly<Record<Exclude<keyof Config, keyof CommonTraining>, true>>;

const COMMON_FIELDS: Readonly<Record<keyof CommonTraining, true>> = {
  data: true,
  loss: true,
  head: true,
  epochs: true,
  batch: true,
  accumulate: true,
  learningRate: true,
  momentum: true,
  weightDecay: true,
  schedule: true,
  warmupSteps: true,
  seed: true,
  strict: true,
  evaluation: true,
};
const EMBEDDING_FIELDS: Fields<EmbeddingTraining> = { train: true, features: true, dim: true };
const NETWORK_FIELDS: Fields<NetworkTraining> = {
  train: true,
  engine: true,
  network: true,
  augmentation: true,
  threads: true,
};

/**
 * Checks every number and name of a configuration, which may come from a file.
 *
 * @throws UsageError, OptionOutOfRangeError, UnknownNameError
 */
export function checkConfig(config: TrainConfig): void {
  requireFields('the configuration', config);
  requireChoice('train', config.train, TRAINED_PARTS);
  const own = config.train === 'all' ? NETWORK_FIELDS : EMBEDDING_FIELDS;
  requireFields('the configuration', config, [...Object.keys(own), ...Object.keys(COMMON_FIELDS)]);
  checkData(config.data);
  if (config.train === 'all') {
    requireChoice('engine', config.engine, ENGINES);
    checkNetwork(config.network);
    checkEngine(config);
    checkAugmentation(config);
    requireInteger('threads', config.threads, 1, 1024);
  } else {
    checkFeatures(config.features);
    requireInteger('dim', config.dim, 2, 4096);
  }
  requireInteger('epochs', config.epochs, 1, 1e6);
  requireInteger('batch', config.batch, 1, 65536);
  requireInteger('accumulate', config.accumulate, 1, 1024);
  requirePositive('lr', config.learningRate);
  if (!(config.momentum >= 0 && config.momentum < 1))
    throw new OptionOutOfRangeError('momentum', config.momentum, '0 ≤ momentum < 1');
  requireRange('weight-decay', config.weightDecay, 0, 1);
  requireChoice('schedule', config.schedule, SCHEDULES);
  requireInteger('warmup-steps', config.warmupSteps, 0, 1e9);
  requireInteger('seed', config.seed, 0, 2 ** 31);
  requireChoice('strict', config.strict, [false, true]);
  checkEvaluation(config.evaluation);
  requireFields('loss', config.loss, ['name', 'params']);
  requireText('loss.name', config.loss.name);
  requireFields('loss.params', config.loss.params);
  createLoss(config.loss.name, config.loss.params);
}

function checkData(data: DataConfig): void {
  requireFields('data', data);
  requireChoice('data.kind', data.kind, ['folder', 'synthetic']);
  if (data.kind === 'folder') {
    requireFields('data', data, ['kind', 'root', 'people', 'folds', 'minImages']);
    requireText('data.root', data.root);
    if (data.people !== undefined) requireText('data.people', data.people);
    if (data.folds !== undefined) requireText('data.folds', data.folds);
    requireInteger('min-images', data.minImages, 1, 1e6);
    return;
  }
  requireFields('data', data, ['kind', 'seed', 'identities', 'imagesPerIdentity', 'difficulty']);
  requireInteger('seed', data.seed, 0, 2 ** 31);
  // Two to train on, and two held out with a genuine pair each.
  requireInteger('identities', data.identities, 4, 1e6);
  requireInteger('images-per-identity', data.imagesPerIdentity, 2, 1e6);
  requireRange('difficulty', data.difficulty, 0, 2);
}

/** Checks the part of a configuration that models hold as well. @throws UsageError, OptionOutOfRangeError */
export function checkFeatures(features: FeatureConfig): void {
  requireFields('features', features);
  requireChoice('features.kind', features.kind, ['pixels', 'onnx']);
  if (features.kind === 'onnx') {
    requireFields('features', features, ['kind', 'file']);
    requireText('features.file', features.file);
    return;
  }
  requireFields('features', features, ['kind', 'size']);
  requireInteger('pixels', features.size, 8, 64);
}

function checkNetwork(network: NetworkConfig): void {
  requireFields('network', network);
  requireChoice('network.kind', network.kind, ['built-in', 'onnx', 'layers']);
  if (network.kind === 'built-in') {
    requireFields('network', network, ['kind', 'name', 'dim']);
    requireChoice('network.name', network.name, BACKBONE_NAMES);
    requireInteger('dim', network.dim, 2, 4096);
    return;
  }
  const frozen = network.kind === 'onnx' ? ['freezeUntil', 'freezeBn'] : [];
  requireFields('network', network, ['kind', 'file', 'dim', ...frozen]);
  requireText('network.file', network.file);
  if (network.dim !== undefined) requireInteger('dim', network.dim, 2, 65536);
  if (network.kind === 'layers') return;
  if (network.freezeUntil !== undefined) requireText('network.freezeUntil', network.freezeUntil);
  requireChoice('network.freezeBn', network.freezeBn, [false, true]);
}

/** The engine tfjs computes head and network on one backend; layers models need it. */
function checkEngine({ engine, head, network }: NetworkTraining): void {
  requireText('head', head);
  if (engine === 'onnx' && network.kind === 'layers') {
    throw new UsageError(
      `'${network.file}' with --engine onnx`,
      'a network of ONNX',
      'leave --engine out, or say --engine tfjs.',
    );
  }
  if (engine === 'onnx' || head.startsWith('tfjs-')) return;
  throw new UsageError(
    `--engine tfjs with --head ${head}`,
    'a head on TensorFlow.js, whose backend trains the network as well',
    'choose tfjs-wasm, tfjs-webgpu or tfjs-cpu, or leave --head out.',
  );
}

function checkAugmentation({ augmentation }: NetworkTraining): void {
  requireFields('augmentation', augmentation, ['flip', 'shift']);
  requireChoice('augmentation.flip', augmentation.flip, [false, true]);
  requireInteger('augment-shift', augmentation.shift, 0, 64);
}

function checkEvaluation(evaluation: EvaluationConfig): void {
  requireFields('evaluation', evaluation, ['pairs', 'pairsFolds', 'flip', 'control']);
  if (evaluation.pairs !== undefined) requireText('evaluation.pairs', evaluation.pairs);
  if (evaluation.pairsFolds !== undefined) requireText('evaluation.pairsFolds', evaluation.pairsFolds);
  requireChoice('evaluation.flip', evaluation.flip, [false, true]);
  requireChoice('evaluation.control', evaluation.control, [false, true]);
}

function requireFields(name: string, value: unknown, known?: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(
      `${name} = ${JSON.stringify(value)}`,
      'an object',
      'take the config.json of a run as it is.',
    );
  }
  if (known === undefined) return;
  for (const field of Object.keys(value)) {
    if (!known.includes(field)) throw new UnknownNameError(`field of ${name}`, field, known);
  }
}

function requireText(name: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') return;
  throw new UsageError(
    `${name} = ${JSON.stringify(value)}`,
    'a text',
    'take the config.json of a run as it is.',
  );
}
