import { tinyIresnet } from '@cf/backbones';
import { registerTrainingKernels } from '@cf/tfjs';
import { layersModel } from '@cf/tfjs/layers';
import * as tf from '@tensorflow/tfjs-core';
import { openTfjs } from '../../engines/open-framework.ts';
import { medianSeconds } from '../timing.ts';

/** Medians of one training step of the tiny residual network: forward, backward and SGD. */
export interface TfjsTraining {
  readonly batch: number;
  readonly cpuBatch: number;
  /** Milliseconds on TensorFlow.js' wasm backend with the training kernels, for `batch` images. */
  readonly wasmMs: number;
  /** Milliseconds on TensorFlow.js' cpu backend, for `cpuBatch` images. */
  readonly cpuMs: number;
  /** How many times faster an image is on wasm: (cpuMs / cpuBatch) / (wasmMs / batch). */
  readonly ratio: number;
}

const WARM_UP = 2;

/**
 * Measures a training step of the tiny residual network ([batch, 56, 56, 3]) on both backends, one after the other, in
 * this process: several on wasm, and one of one image on cpu, which takes many seconds.
 *
 * @throws BackendError if a backend does not run here
 */
export async function benchTfjs(batch: number, steps: number): Promise<TfjsTraining> {
  const cpuBatch = 1;
  const wasmMs = await trainingStepMs('wasm', batch, WARM_UP, steps);
  const cpuMs = await trainingStepMs('cpu', cpuBatch, 0, 1);
  return { batch, cpuBatch, wasmMs, cpuMs, ratio: cpuMs / cpuBatch / (wasmMs / batch) };
}

/** Median of `steps` training steps of the tiny residual network after `warmUp` others, in milliseconds. */
export async function trainingStepMs(
  backend: 'wasm' | 'cpu',
  batch: number,
  warmUp: number,
  steps: number,
): Promise<number> {
  await openTfjs(backend, '--engine tfjs');
  if (backend === 'wasm') registerTrainingKernels('wasm');
  const network = tinyIresnet();
  const model = layersModel(network);
  const optimizer = tf.train.sgd(0.01);
  const { inputSize, embeddingSize } = network;
  const images = tf.randomUniform([batch, inputSize, inputSize, 3], 0, 255, 'float32', 1);
  const targets = tf.randomNormal([batch, embeddingSize], 0, 1, 'float32', 2);
  const loss = (): tf.Scalar =>
    tf.losses.meanSquaredError(targets, model.apply(images, { training: true }) as tf.Tensor);
  const step = async (): Promise<void> => {
    const cost = optimizer.minimize(loss, true)!;
    await cost.data();
    cost.dispose();
  };
  const seconds = await medianSeconds(step, steps, warmUp);
  tf.dispose([images, targets]);
  model.dispose();
  optimizer.dispose();
  return 1000 * seconds;
}
