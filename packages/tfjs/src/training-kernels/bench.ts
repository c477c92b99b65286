import { tinyIresnet } from '@cf/backbones';
import * as tf from '@tensorflow/tfjs';
import { activateBackend } from '../backend/active-backend.ts';
import { median } from '../bench/median.ts';
import { layersModel } from '../networks/layers-model.ts';
import { registerTrainingKernels } from './register.ts';

/** What is measured. */
export interface TrainingBenchOptions {
  /** Images a step; 8 by default. */
  readonly batch?: number;
  /** Measured steps on wasm, after two that warm up; 7 by default. */
  readonly steps?: number;
  /** Images a step on cpu; 1 by default, as each takes many seconds. */
  readonly cpuBatch?: number;
  /** Measured steps on cpu, without warming up; 1 by default. */
  readonly cpuSteps?: number;
}

/** Medians of one training step of the tiny residual network: forward, backward and SGD. */
export interface TrainingBench {
  readonly batch: number;
  readonly cpuBatch: number;
  /** Milliseconds on TensorFlow.js' wasm backend with the training kernels, for `batch` images. */
  readonly wasmMs: number;
  /** Milliseconds on TensorFlow.js' cpu backend, for `cpuBatch` images. */
  readonly cpuMs: number;
  /** How many times faster an image is on wasm: (cpuMs / cpuBatch) / (wasmMs / batch). */
  readonly ratio: number;
}

const SIZE = 56;
const WARM_UP = 2;

/**
 * Measures a training step of the tiny residual network ([batch, 56, 56, 3]) on both backends, one after the other, in
 * this process. Registers the training kernels; the backend that was active is active again afterwards.
 *
 * @throws BackendError (`E_BACKEND`) if the wasm backend is not registered or does not initialise
 */
export async function benchTrainingStep(options: TrainingBenchOptions = {}): Promise<TrainingBench> {
  const { batch = 8, steps = 7, cpuBatch = 1, cpuSteps = 1 } = options;
  const before = tf.getBackend();
  registerTrainingKernels('wasm');
  const wasmMs = await trainingStepMs('wasm', batch, WARM_UP, steps);
  const cpuMs = await trainingStepMs('cpu', cpuBatch, 0, cpuSteps);
  if (before !== '') await activateBackend(before);
  return { batch, cpuBatch, wasmMs, cpuMs, ratio: cpuMs / cpuBatch / (wasmMs / batch) };
}

/** Median of `steps` training steps of the tiny residual network after `warmUp` others, in milliseconds. */
export async function trainingStepMs(
  backend: string,
  batch: number,
  warmUp: number,
  steps: number,
): Promise<number> {
  await activateBackend(backend);
  const model = layersModel(tinyIresnet());
  const optimizer = tf.train.sgd(0.01);
  const images = tf.randomUniform([batch, SIZE, SIZE, 3], 0, 255, 'float32', 1);
  const targets = tf.randomNormal(model.outputs[0]!.shape.with(0, batch) as number[], 0, 1, 'float32', 2);
  const loss = (): tf.Scalar =>
    tf.losses.meanSquaredError(targets, model.apply(images, { training: true }) as tf.Tensor);
  const times: number[] = [];
  for (let step = 0; step < warmUp + steps; step++) {
    const start = performance.now();
    const cost = optimizer.minimize(loss, true)!;
    await cost.data();
    cost.dispose();
    times.push(performance.now() - start);
  }
  tf.dispose([images, targets]);
  model.dispose();
  optimizer.dispose();
  return median(times.slice(warmUp));
}
