import { basename } from 'node:path';
import type { Communicator } from '@cf/core';
import { lowMemory, onnxModel } from '@cf/onnx';
import { UsageError } from '../errors.ts';
import type { NetworkConfig, NetworkTraining } from '../settings/train-config.ts';
import { activationBytes } from './activation-memory.ts';
import { builtInNetwork } from './built-in-network.ts';
import type { Device } from './device.ts';
import { withAllReasons } from './inspect-file.ts';
import type { NetworkInTraining } from './network-in-training.ts';
import { modelHash, type PreparedFile, prepareFile } from './onnx-file.ts';
import { type EmbeddingNetwork, openOnnxNetwork, requireBatches } from './onnx-network.ts';
import { openOnnxTraining, trainedPart } from './open-onnx-training.ts';
import { type PixelForm, RAW, sampleShape } from './pixel-form.ts';

/** A network before training. */
export interface UntrainedNetwork {
  /** Such as `tiny-iresnet` or `mobilefacenet.onnx`. */
  readonly name: string;
  /** The same network, to embed with; to be disposed of. */
  readonly inference: EmbeddingNetwork;
  /** How it wants its pictures; left out for RGB 0 … 255. */
  readonly pixels?: PixelForm;
  /** Tells it from other networks and other first weights. */
  readonly fingerprint: string;
  /** What was done to a file: a sentence each. */
  readonly notes?: readonly string[];
  /** Bytes that training keeps a picture between the way forward and the way back: a lower bound. */
  activationBytes(): Promise<number>;
  /** A copy to be trained. @param synchronise ranks whose pictures normalisations over the batch see together */
  openTraining(synchronise?: Communicator): Promise<NetworkInTraining>;
}

/**
 * Builds or reads the network that is to be trained.
 *
 * @param device that was proven
 * @throws BackboneError if a file is missing, broken, or does not map pictures to vectors
 * @throws OnnxOpsetError if its opset is not known
 * @throws UsageError if its embeddings have another length than was asked for
 */
export async function openOnnxEngine(
  training: NetworkTraining,
  device: Device = 'cpu',
): Promise<UntrainedNetwork> {
  const { network: config } = training;
  if (config.kind === 'layers') throw layersElsewhere(config.file);
  if (config.kind === 'built-in') return openNetwork(training, config, device);
  const untrained = await withAllReasons(config, () => openNetwork(training, config, device));
  return {
    ...untrained,
    openTraining: (ranks) => withAllReasons(config, () => untrained.openTraining(ranks)),
  };
}

async function openNetwork(
  training: NetworkTraining,
  config: Exclude<NetworkConfig, { kind: 'layers' }>,
  device: Device,
): Promise<UntrainedNetwork> {
  const { name, model, pixels, notes, fingerprint } = await describedNetwork(config, training.seed);
  const inference = await openOnnxNetwork(config.kind === 'onnx' ? config.file : name, model, pixels, device);
  try {
    const { dim, shape } = inference;
    requireDim(config, dim);
    if (config.kind === 'onnx') await requireBatches(name, inference);
    return {
      name,
      inference,
      pixels,
      fingerprint,
      notes,
      activationBytes: async () =>
        training.memory === 'low'
          ? lowMemory(model, { batch: 1, ...trainedPart(training) }).keptBytesPerSample
          : activationBytes(model, sampleShape(shape, pixels)),
      openTraining: (synchronise) =>
        openOnnxTraining({
          synchronise,
          name,
          model,
          dim,
          config: training,
          threads: training.threads,
          device,
          openInference: (trained) => openOnnxNetwork(name, trained, pixels, device),
          pixels: { form: pixels, shape },
        }),
    };
  } catch (error) {
    await inference.dispose();
    throw error;
  }
}

interface DescribedNetwork extends PreparedFile {
  readonly name: string;
}

async function describedNetwork(
  config: Exclude<NetworkConfig, { kind: 'layers' }>,
  seed: number,
): Promise<DescribedNetwork> {
  if (config.kind === 'onnx')
    return { name: basename(config.file), ...(await prepareFile(config.file, config)) };
  const model = onnxModel(builtInNetwork(config, seed));
  const fingerprint = modelHash(model).digest('hex');
  return { name: config.name, model, pixels: RAW, notes: [], fingerprint };
}

/** @throws UsageError */
export function requireDim(config: NetworkConfig, dim: number): void {
  if (config.dim === undefined || config.dim === dim) return;
  const what = config.kind === 'built-in' ? config.name : config.file;
  throw new UsageError(
    `dim = ${config.dim} for '${what}', whose embeddings have ${dim} numbers`,
    `dim = ${dim}`,
    'leave --dim out: the class centers take the length of the embeddings.',
  );
}

function layersElsewhere(file: string): UsageError {
  return new UsageError(
    `'${file}' with the engine onnx`,
    'a network of ONNX',
    'add --engine tfjs, which trains layers models.',
  );
}
