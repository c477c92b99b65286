import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { backbone } from '@cf/backbones';
import { CfError } from '@cf/core';
import { decodeModel, encodeModel, type Model, OnnxOpsetError, onnxModel } from '@cf/onnx';
import { BackboneError, UsageError } from '../errors.ts';
import type { NetworkConfig, NetworkTraining } from '../settings/train-config.ts';
import { activationBytes } from './activation-memory.ts';
import type { NetworkInTraining } from './network-in-training.ts';
import { type EmbeddingNetwork, firstLine, openOnnxNetwork, unreadable } from './onnx-network.ts';
import { openOnnxTraining } from './open-onnx-training.ts';

/** A network before training. */
export interface UntrainedNetwork {
  /** Such as `tiny-iresnet` or `mobilefacenet.onnx`. */
  readonly name: string;
  /** The same network, to embed with; to be disposed of. */
  readonly inference: EmbeddingNetwork;
  /** Tells it from other networks and other first weights. */
  readonly fingerprint: string;
  /** Bytes that training keeps a picture between the way forward and the way back: a lower bound. */
  activationBytes(): Promise<number>;
  /** A copy to be trained. */
  openTraining(): Promise<NetworkInTraining>;
}

/**
 * Builds or reads the network that is to be trained.
 *
 * @throws BackboneError if a file is missing, broken, or does not map pictures to vectors
 * @throws OnnxOpsetError if its opset is not known
 * @throws UsageError if its embeddings have another length than was asked for
 */
export async function openOnnxEngine(training: NetworkTraining): Promise<UntrainedNetwork> {
  const { network: config, seed } = training;
  if (config.kind === 'layers') throw layersElsewhere(config.file);
  const name = config.kind === 'onnx' ? basename(config.file) : config.name;
  const model =
    config.kind === 'onnx'
      ? await readModelFile(config.file)
      : onnxModel(backbone(config.name, { embeddingSize: config.dim, seed }));
  const inference = await openOnnxNetwork(config.kind === 'onnx' ? config.file : name, encodeModel(model));
  try {
    const { dim, shape } = inference;
    requireDim(config, dim);
    await requireBatches(name, inference);
    return {
      name,
      inference,
      fingerprint: createHash('sha256').update(encodeModel(model)).digest('hex'),
      activationBytes: () => activationBytes(model, shape),
      openTraining: () =>
        openOnnxTraining({
          model,
          dim,
          config: training,
          threads: training.threads,
          openInference: (bytes) => openOnnxNetwork(name, bytes),
        }),
    };
  } catch (error) {
    await inference.dispose();
    throw error;
  }
}

async function readModelFile(file: string): Promise<Model> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
  try {
    return decodeModel(bytes);
  } catch (cause) {
    if (cause instanceof OnnxOpsetError) throw cause;
    const reason = cause instanceof CfError ? cause.given : firstLine(cause);
    throw new BackboneError(
      `'${file}' (${reason})`,
      'an ONNX model',
      'export it again, or fetch it again where it was cut short.',
      cause,
    );
  }
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

/** Training needs batches, and one vector a picture. */
async function requireBatches(name: string, { run, dim, shape }: EmbeddingNetwork): Promise<void> {
  const pixels = new Float32Array(2 * 3 * shape.height * shape.width);
  const length = await run(pixels, 2).then(
    (embeddings) => embeddings.length,
    () => undefined,
  );
  if (length === 2 * dim) return;
  throw new BackboneError(
    length === undefined
      ? `'${name}', which fails on two pictures at once`
      : `'${name}', which gives ${length} numbers for two pictures and ${dim} for one`,
    'a network of any number of pictures',
    'export it with a free first dimension of input and output.',
  );
}
