import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { BACKBONE_NAMES, type Backbone } from '@cf/backbones';
import { encodeModel, onnxModel, withWeights } from '@cf/onnx';
import { registerTrainingKernels } from '@cf/tfjs';
import { layersModel, layersWeights, tfjsLearner } from '@cf/tfjs/layers';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { BackboneError, UsageError } from '../../errors.ts';
import type { NetworkConfig, NetworkTraining } from '../../settings/train-config.ts';
import { optimiserOf } from '../../settings/training-options.ts';
import { activationBytes } from '../activation-memory.ts';
import { builtInNetwork } from '../built-in-network.ts';
import type { NetworkInTraining, TrainedNetwork } from '../network-in-training.ts';
import { type EmbeddingNetwork, openOnnxNetwork } from '../onnx-network.ts';
import { requireDim, type UntrainedNetwork } from '../open-network.ts';
import { RAW, sampleShape } from '../pixel-form.ts';
import { layersFiles, loadLayers } from './layers-file.ts';
import { requireSeeded } from './require-seeded.ts';

/**
 * Opens the network of a training on TensorFlow.js, on the backend that the head is on. The built-in ones start from the
 * weights that the other engine starts from, and are kept as ONNX as well.
 *
 * @throws BackboneError, UsageError
 */
export async function openTfjsEngine(training: NetworkTraining): Promise<UntrainedNetwork> {
  if (tf.getBackend() === 'wasm') registerTrainingKernels('wasm');
  const { network } = training;
  if (network.kind === 'layers') return openFile(network.file, network, training);
  if (network.kind === 'built-in') {
    return openBuiltIn(builtInNetwork(network, training.seed), training);
  }
  throw new UsageError(
    `backbone '${network.file}' with the engine tfjs`,
    `${BACKBONE_NAMES.join(', ')} or tfjs:model.json`,
    'choose one of these, or leave --engine out: onnx trains files of ONNX.',
  );
}

async function openBuiltIn(described: Backbone, training: NetworkTraining): Promise<UntrainedNetwork> {
  const { name } = described;
  const onnx = onnxModel(described);
  const bytes = encodeModel(onnx);
  const inference = await openOnnxNetwork(name, bytes);
  const trained = async (model: tfl.LayersModel): Promise<TrainedNetwork> => {
    const file = encodeModel(withWeights(onnx, await layersWeights(model)));
    return {
      inference: await openOnnxNetwork(name, file),
      files: new Map([['network', file], ...(await layersFiles(model))]),
    };
  };
  return {
    name,
    inference,
    fingerprint: fingerprintOf([bytes]),
    activationBytes: () => activationBytes(onnx, sampleShape(inference.shape, RAW)),
    openTraining: async () => inTraining(layersModel(described), training, trained),
  };
}

async function openFile(
  file: string,
  network: NetworkConfig,
  training: NetworkTraining,
): Promise<UntrainedNetwork> {
  const model = await loadLayers(file);
  requireSeeded(file, model);
  const inference = embeddingNetwork(file, model);
  requireDim(network, inference.dim);
  const trained = async (copy: tfl.LayersModel): Promise<TrainedNetwork> => ({
    inference: { ...embeddingNetwork(file, copy), dispose: async () => {} },
    files: await layersFiles(copy),
  });
  return {
    name: basename(file),
    inference,
    fingerprint: fingerprintOf((await layersFiles(model)).values()),
    activationBytes: async () => outputBytes(model),
    openTraining: async () => inTraining(await loadLayers(file), training, trained),
  };
}

function fingerprintOf(files: Iterable<Uint8Array>): string {
  const hash = createHash('sha256');
  for (const bytes of files) hash.update(bytes);
  return `tfjs ${hash.digest('hex')}`;
}

/** @param trained gives the model as it is kept after training. */
function inTraining(
  model: tfl.LayersModel,
  training: NetworkTraining,
  trained: (model: tfl.LayersModel) => Promise<TrainedNetwork>,
): NetworkInTraining {
  const learner = tfjsLearner(model, { optimiser: optimiserOf(training), seed: training.seed });
  return {
    learner,
    trained: () => trained(model),
    async dispose() {
      await learner.dispose();
      model.dispose();
    },
  };
}

/**
 * A layers model to embed with, on the backend that is set; to be disposed of.
 *
 * @throws BackboneError if its files are missing or broken, or it does not map pictures to vectors
 */
export async function openLayersNetwork(file: string): Promise<EmbeddingNetwork> {
  if (tf.getBackend() === 'wasm') registerTrainingKernels('wasm');
  return embeddingNetwork(file, await loadLayers(file));
}

/** @throws BackboneError unless it maps pictures of one size to vectors */
function embeddingNetwork(file: string, model: tfl.LayersModel): EmbeddingNetwork {
  const [, height, width, channels] = model.inputs.length === 1 ? model.inputs[0]!.shape : [];
  const output = model.outputs.length === 1 ? model.outputs[0]!.shape : [];
  const dim = output[1];
  if (
    typeof height !== 'number' ||
    typeof width !== 'number' ||
    channels !== 3 ||
    output.length !== 2 ||
    !dim
  ) {
    const shapes = [...model.inputs, ...model.outputs].map(({ shape }) => `[${shape.join(', ')}]`);
    throw new BackboneError(
      `'${file}' with inputs and outputs ${shapes.join(', ')}`,
      'one input [null, height, width, 3] of pictures from 0 to 255, and one output [null, d]',
      'save the model without a classifier, with its scaling of pixels as a layer.',
    );
  }
  return {
    shape: { channels: 3, height, width },
    dim,
    async run(pixels, count) {
      const embeddings = tf.tidy(() => {
        const images = tf.transpose(tf.tensor4d(pixels, [count, 3, height, width]), [0, 2, 3, 1]);
        return model.predict(images) as tf.Tensor;
      });
      try {
        return (await embeddings.data()) as Float32Array;
      } finally {
        embeddings.dispose();
      }
    },
    dispose: async () => void model.dispose(),
  };
}

function outputBytes(model: tfl.LayersModel): number {
  return model.layers.reduce((sum, layer) => {
    const shape = layer.outputShape as tfl.Shape;
    return sum + 4 * shape.slice(1).reduce<number>((size, dim) => size * (dim ?? 1), 1);
  }, 0);
}
