import {
  type CheckedInput,
  checkInput,
  type FloatArray,
  type Head,
  type HeadInput,
  type HeadOptions,
  type MarginLoss,
  marginDraws,
  requireFiniteTensor,
  requireInteger,
} from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { activateBackend, isActive } from './active-backend.ts';
import { headStep } from './head-step.ts';
import { readOutput } from './read-output.ts';
import { stateToTensors } from './state-tensors.ts';
import { DEFAULT_KEEP_BYTES, defaultTileSize, type StepInput, type StepOptions } from './step-input.ts';

/** A head on the given backend, which is active and must be so again at each step. */
export function tfjsHead(loss: MarginLoss, backend: string, options: HeadOptions): Head {
  const { tileSize, checkFinite = true, inspect = false } = options;
  if (tileSize !== undefined) requireInteger('tileSize', tileSize, 1, Number.MAX_SAFE_INTEGER);
  return {
    loss,
    async step(input) {
      const rounded = toFloat32(input);
      const checked = checkInput(loss, rounded, checkFinite);
      // Another head or user of TensorFlow.js may have changed the backend of the process. From here on nothing is awaited
      // until the step is computed.
      while (!isActive(backend)) await activateBackend(backend);
      const { countNegatives = true } = input;
      const stepOptions: StepOptions = {
        tileSize: tileSize ?? defaultTileSize(),
        keepBytes: DEFAULT_KEEP_BYTES,
        gradients: true,
        inspect,
        countNegatives,
        nearest: false,
      };
      const tensors = tf.tidy(() => {
        const step = headStep(loss, upload(loss, rounded, checked), stepOptions);
        return { ...step, gradients: step.gradients! };
      });
      try {
        const output = await readOutput(loss, tensors, checked);
        if (checkFinite) {
          requireFiniteTensor('gradEmbeddings', output.gradEmbeddings);
          requireFiniteTensor('gradWeights', output.gradWeights);
        }
        return output;
      } finally {
        tf.dispose(tensors);
      }
    },
    dispose() {},
  };
}

function upload(loss: MarginLoss, arrays: RoundedInput, checked: CheckedInput): StepInput {
  const { batch, classes, dim, labels, sampleWeights, sampleKeys, state, mode } = checked;
  const drawn = marginDraws(loss, state, mode, sampleKeys, arrays.draws);
  return {
    embeddings: tf.tensor2d(arrays.embeddings, [batch, dim]),
    weights: tf.tensor2d(arrays.weights, [classes, dim]),
    bias: arrays.bias && tf.tensor2d(arrays.bias, [classes, 1]),
    labels: tf.tensor1d(labels, 'int32'),
    sampleWeights: tf.tensor1d(Float32Array.from(sampleWeights)),
    draws: drawn && tf.tensor1d(Float32Array.from(drawn)),
    state: stateToTensors(loss, state),
    mode,
  };
}

interface RoundedInput extends HeadInput {
  readonly embeddings: Float32Array;
  readonly weights: Float32Array;
  readonly bias?: Float32Array;
}

/** Rounded before it is checked: a float64 past float32's range becomes an infinity, which the check finds. */
function toFloat32(input: HeadInput): RoundedInput {
  const { bias, ...rest } = input;
  return {
    ...rest,
    embeddings: rounded(input.embeddings),
    weights: rounded(input.weights),
    ...(bias === undefined ? {} : { bias: rounded(bias) }),
  };
}

function rounded(values: FloatArray): Float32Array {
  return values instanceof Float32Array ? values : Float32Array.from(values);
}
