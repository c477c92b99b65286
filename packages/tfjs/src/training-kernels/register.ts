import * as tf from '@tensorflow/tfjs-core';
import { notRegistered, withoutTrainingKernels } from '../backend/errors.ts';
import { conv2dBackpropFilter } from './conv2d-backprop-filter.ts';
import { conv2dBackpropInput } from './conv2d-backprop-input.ts';
import { depthwiseBackpropFilter } from './depthwise-backprop-filter.ts';
import { depthwiseBackpropInput } from './depthwise-backprop-input.ts';
import { identity } from './identity.ts';
import type { TrainingKernel } from './kernel.ts';
import { mean, sum } from './leading-sums.ts';
import { matMul } from './matmul.ts';
import { slice } from './slice.ts';
import { tile } from './tile.ts';
import { unsortedSegmentSum } from './unsorted-segment-sum.ts';

const KERNELS: readonly TrainingKernel[] = [
  conv2dBackpropFilter,
  depthwiseBackpropFilter,
  depthwiseBackpropInput,
  conv2dBackpropInput,
  matMul,
  identity,
  slice,
  tile,
  sum,
  mean,
  unsortedSegmentSum,
];

/** Kernels that came from here, so that none is wrapped twice. */
const registered = new WeakSet<tf.KernelFunc>();

/**
 * Gives TensorFlow.js' wasm backend the kernels that training convolutional networks needs: those that it lacks
 * (gradients of convolutions, depthwise convolutions, gathers and embedding layers), and faster ones for those that would hold training up. They
 * stay for the life of the process and are used by everything that runs on that backend. A second call changes nothing.
 *
 * The backend need not be active or initialised yet, only registered.
 *
 * @returns names of the kernels that this call registered, as `Conv2DBackpropFilter`; none if they were there already
 * @throws BackendError (`E_BACKEND`) if the backend is not registered, or is one that has kernels of its own for training
 */
export function registerTrainingKernels(backend: 'wasm'): string[] {
  const known = Object.keys(tf.engine().registryFactory);
  if (backend !== 'wasm') throw withoutTrainingKernels(backend);
  if (!known.includes(backend)) throw notRegistered(backend, known);
  return KERNELS.filter((kernel) => register(kernel, backend)).map(({ name }) => name);
}

function register({ name, kind, create }: TrainingKernel, backendName: string): boolean {
  const original = tf.getKernel(name, backendName) as tf.KernelConfig | undefined;
  if (original !== undefined && (kind === 'missing' || registered.has(original.kernelFunc))) return false;
  const kernelFunc = create(original?.kernelFunc);
  registered.add(kernelFunc);
  if (original !== undefined) tf.unregisterKernel(name, backendName);
  tf.registerKernel({ ...original, kernelName: name, backendName, kernelFunc });
  return true;
}
