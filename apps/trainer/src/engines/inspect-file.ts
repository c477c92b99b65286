import { availableMemory } from 'node:process';
import { CfError, firstLine } from '@cf/core';
import {
  createTrainingSession,
  type InspectOptions,
  inspectModel,
  type Model,
  type ModelInspection,
  sizeOf,
  UnsupportedOperatorError,
} from '@cf/onnx';
import { learnerOptimiser, sgd } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import { UsageError } from '../errors.ts';
import {
  type FileSettings,
  type PreparedFile,
  picturesOf,
  prepareRead,
  readModelFile,
  withFlags,
  withPictures,
} from './onnx-file.ts';
import { openOnnxNetwork, requireBatches } from './onnx-network.ts';
import { sampleShape } from './pixel-form.ts';
import { aboutFile, RefusedFileError, reasonsOf } from './refusals.ts';

/** How a file would be trained. */
export interface InspectFileOptions extends FileSettings {
  readonly freezeUntil?: string | undefined;
  readonly freezeBn?: boolean | undefined;
  /** Pictures of which the memory is told. */
  readonly batch?: number;
}

/** All that is known of a file before it is trained. */
export interface FileInspection {
  readonly found: ModelInspection;
  /** Left out where it can't be made ready. */
  readonly prepared: PreparedFile | undefined;
  /** All that stands in the way: a line each. */
  readonly refusals: readonly string[];
  /** Whether it was tried: opened by onnxruntime, and one small batch taken forward and back. */
  readonly wasTried: boolean;
}

/**
 * Looks at all of a file, and tries it, where nothing is in the way before that.
 *
 * @throws BackboneError, OnnxOpsetError, OnnxFileError if it can't be read
 */
export async function inspectFile(file: string, options: InspectFileOptions): Promise<FileInspection> {
  const model = await readModelFile(file);
  const { found, prepared, refusals } = looked(file, model, options, true);
  // Weights, gradients and an optimiser's numbers, beside the file itself.
  const isSmall = 4 * found.memory.weightBytes < Math.min(availableMemory(), 8e9);
  if (prepared === undefined || refusals.length > 0 || !isSmall)
    return { found, prepared, refusals, wasTried: false };
  const failures = await failureOfTraining(file, prepared, found, options);
  return { found, prepared, refusals: failures, wasTried: true };
}

/** Opens a file, or its training; where it is refused, all that stands in the way is told at once. */
export async function withAllReasons<T>(
  config: InspectFileOptions & { readonly file: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CfError) || !FILE_CODES.has(error.code)) throw error;
    const model = await readModelFile(config.file).catch(() => undefined);
    if (model === undefined) throw error;
    const { refusals, isOfOperators } = looked(config.file, model, config, false);
    const own = reasonsOf(error).map((reason) => aboutFile(config.file, reason));
    const all = [...new Set([...refusals, ...own])];
    // Of operators one error tells all by itself.
    const isWhole = isOfOperators && error instanceof UnsupportedOperatorError;
    throw isWhole || all.length <= own.length ? error : new RefusedFileError(config.file, all);
  }
}

const FILE_CODES = new Set([
  'E_BACKBONE',
  'E_ONNX_GRAPH',
  'E_ONNX_OPSET',
  'E_ONNX_OPERATOR',
  'E_ONNX_REFUSED',
]);

/** What can be said before anything runs. @param openPixels whether it stays open how pixels are normalised */
function looked(
  file: string,
  model: Model,
  settings: InspectFileOptions,
  openPixels: boolean,
): Pick<FileInspection, 'found' | 'prepared' | 'refusals'> & { readonly isOfOperators: boolean } {
  const { batch, inputName, outputName, keepShared, freezeUntil, freezeBn } = settings;
  const options: InspectOptions = {
    ...(batch !== undefined && { batch }),
    ...(inputName !== undefined && { input: inputName }),
    ...(outputName !== undefined && { output: outputName }),
    ...(keepShared !== undefined && { keepShared }),
    ...(freezeUntil !== undefined && { freezeUntil }),
    ...(freezeBn !== undefined && { freezeBn }),
  };
  const pictured = withPictures(file, model, settings);
  const found = inspectModel(pictured.model, options);
  const refusals = found.refusals.map(({ text }) => aboutFile(file, withFlags(text)));
  const isOfOperators = found.refusals.every(({ place }) => place !== undefined);
  const told = { found, prepared: undefined, refusals, isOfOperators };
  if (found.input === undefined) return told;
  try {
    if (found.output !== undefined && isOfOperators)
      return { ...told, prepared: prepareRead(file, model, settings, openPixels) };
    picturesOf(file, { model: pictured.model, input: found.input }, settings, openPixels);
    return told;
  } catch (error) {
    if (!(error instanceof CfError) || error instanceof UsageError) throw error;
    const all = reasonsOf(error).map((reason) => aboutFile(file, reason));
    return { ...told, refusals: [...new Set([...refusals, ...all])], isOfOperators: false };
  }
}

/** Takes the smallest batch through a network and back. @returns why that fails, if it does */
async function failureOfTraining(
  file: string,
  { model, pixels }: PreparedFile,
  { smallestBatch }: ModelInspection,
  { freezeUntil, freezeBn }: InspectFileOptions,
): Promise<readonly string[]> {
  try {
    const network = await openOnnxNetwork(file, model, pixels);
    const { dim, shape } = network;
    try {
      await requireBatches(file, network);
    } finally {
      await network.dispose();
    }
    const session = await createTrainingSession({
      runtime,
      model,
      optimiser: learnerOptimiser({ rule: sgd() }),
      ...(freezeUntil !== undefined && { freezeUntil }),
      ...(freezeBn !== undefined && { freezeBn }),
    });
    try {
      const sample = sampleShape(shape, pixels);
      const length = smallestBatch * sizeOf(sample);
      const values = Float32Array.from({ length }, (_, i) => ((i * 7919) % 256) / 128 - 1);
      await session.forward({ values, shape: [smallestBatch, ...sample], step: 0, position: 0 });
      await session.backward(new Float32Array(smallestBatch * dim).fill(1));
    } finally {
      await session.dispose();
    }
    return [];
  } catch (error) {
    if (error instanceof CfError) return reasonsOf(error);
    return [`a network whose training can't be tried (${firstLine(error)})`];
  }
}
