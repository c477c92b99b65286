import { CfError } from '@cf/core';
import { z } from 'zod';
import { requireProcessor } from '../engines/kernel-choice.ts';
import { askedPixels, askedSize, type PixelSettings } from '../engines/pixel-form.ts';
import { UsageError } from '../errors.ts';
import { checkpointPace } from '../run/checkpoint-pace.ts';
import { readJson } from '../run/json-file.ts';
import { byteSize } from './byte-size.ts';
import { centerClipping } from './center-clipping.ts';
import { configWithLossFiles } from './loss-files.ts';
import { checkLoss } from './loss-of.ts';
import { type PlaceOf, parse } from './parse.ts';
import { samplerChoice } from './sampler-choice.ts';
import { fieldsOf, type Section } from './setting.ts';
import { checkShadows } from './shadow-losses.ts';
import {
  CONFIG_SCHEMA,
  FEATURE_SCHEMA,
  type FeatureConfig,
  type NetworkTraining,
  type TrainConfig,
} from './train-config.ts';

/**
 * Checks every number and name of a configuration, which may come from a file.
 *
 * @param from whether errors name flags or fields of a file; fields by default
 * @param placeOf where a field stands, for errors
 * @returns the configuration, with fields that an older file lacks
 * @throws UsageError, OptionOutOfRangeError, UnknownNameError
 */
export function checkConfig(value: unknown, from: 'flags' | 'file' = 'file', placeOf?: PlaceOf): TrainConfig {
  const config: TrainConfig = parse(CONFIG_SCHEMA, value, { from, placeOf });
  try {
    checkTogether(config);
  } catch (error) {
    if (placeOf === undefined || !(error instanceof CfError)) throw error;
    throw new UsageError(`${error.given}, ${placeOf([])}`, error.expected, error.fix);
  }
  return config;
}

/** What fields say beside each other. */
function checkTogether(config: TrainConfig): void {
  checkLoss(config);
  checkShadows(config);
  checkMomentum(config);
  checkUpdate(config);
  checkKeeping(config);
  checkStart(config);
  checkSampling(config);
  if (config.train === 'all') {
    checkEngine(config);
    if (config.dataMemory !== undefined) byteSize('--data-memory', config.dataMemory);
    if (config.dataDisk !== undefined) byteSize('--data-disk', config.dataDisk);
  }
  const file = config.train === 'all' ? config.network : config.features;
  if (file.kind === 'onnx') checkPixels(file);
}

/**
 * Reads the configuration of a training; fields that it lacks take their defaults.
 *
 * @throws RunFolderError if the file is missing or no JSON; as {@link checkConfig} for what is in it
 */
export async function readConfig(path: string): Promise<TrainConfig> {
  return checkConfig(await configWithLossFiles(await readJson(path)));
}

/** Checks the part of a configuration that models hold as well. @throws UsageError, OptionOutOfRangeError */
export function checkFeatures(features: FeatureConfig): void {
  parse(FEATURE_SCHEMA, features, { root: 'features' });
}

/** The values of some settings that another command takes as flags. @throws OptionOutOfRangeError, UsageError */
export function checkSection<S extends Section>(section: S, flags: object): z.output<z.ZodObject<Fields<S>>> {
  const given = Object.keys(section).map((name) => [
    name,
    (flags as Readonly<Record<string, unknown>>)[name],
  ]);
  return parse(z.object(fieldsOf(section)) as z.ZodObject<Fields<S>>, Object.fromEntries(given), {
    from: 'flags',
  });
}

type Fields<S extends Section> = { [Name in keyof S]: S[Name]['schema'] };

function checkPixels(file: PixelSettings): void {
  askedPixels(file);
  askedSize(file);
}

function checkMomentum({ optimiser, nesterov, momentum }: TrainConfig): void {
  if (!nesterov || (optimiser === 'sgd' && momentum > 0)) return;
  throw new UsageError(
    optimiser === 'sgd' ? 'nesterov with momentum = 0' : `nesterov with optimiser = "${optimiser}"`,
    'SGD with momentum',
    'leave nesterov out, or give SGD its momentum.',
  );
}

function checkUpdate({ update, shadow, clipCenters, sampleRate }: TrainConfig): void {
  if (clipCenters !== undefined) centerClipping(clipCenters);
  if (shadow === undefined || (update === 'plain' && sampleRate === undefined)) return;
  throw new UsageError(
    `${sampleRate === undefined ? `--update ${update}` : '--sample-rate'} with --shadow`,
    'one of them',
    'losses that look on read the class centers after the step.',
  );
}

function checkSampling({ sampler, batch }: TrainConfig): void {
  const choice = samplerChoice(sampler);
  if (choice.kind !== 'pk' || choice.identities * choice.images === batch) return;
  throw new UsageError(
    `--batch ${batch} with --sampler ${sampler}`,
    `--batch ${choice.identities * choice.images}`,
    'leave --batch out.',
  );
}

function checkStart({ initFrom, headFrom }: TrainConfig): void {
  if (initFrom === undefined || headFrom === undefined) return;
  throw new UsageError(
    '--init-from with --head-from',
    'one of them',
    'a run gives its own class centers: leave one of the two out.',
  );
}

function checkKeeping({ checkpointEvery, validateEvery, earlyStopping }: TrainConfig): void {
  if (checkpointEvery !== undefined) checkpointPace(checkpointEvery);
  if (earlyStopping === undefined || validateEvery !== undefined) return;
  throw new UsageError(
    '--early-stopping without --validate-every',
    '--validate-every as well',
    'say every how many epochs the pairs are scored.',
  );
}

/** The engine tfjs computes head and network on one backend; layers models need it. */
function checkEngine({ engine, head, device, kernels, network }: NetworkTraining): void {
  if (engine === 'tfjs' && device !== 'cpu') {
    throw new UsageError(
      `--engine tfjs with --device ${device}`,
      'the engine onnx, whose providers devices are',
      'leave --device out; --head tfjs-webgpu runs the engine tfjs on a card.',
    );
  }
  requireProcessor(kernels, device);
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
