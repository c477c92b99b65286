import {
  checkInput,
  type FloatArray,
  type Head,
  type HeadInput,
  type HeadOptions,
  type MarginLoss,
  requireInteger,
} from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { activateBackend } from './active-backend.ts';
import { headStep, type StepOptions } from './head-step.ts';
import { readOutput } from './read-output.ts';

/** Classes a tile: large enough to outweigh the cost of starting its operations, small enough for a cache. */
const DEFAULT_TILE = 1024;

/** A head on the given backend, which is active and must be so again at each step. */
export function tfjsHead(loss: MarginLoss, backend: string, options: HeadOptions): Head {
  const { tileSize = DEFAULT_TILE, checkFinite = true, inspect = false } = options;
  requireInteger('tileSize', tileSize, 1, Number.MAX_SAFE_INTEGER);
  const stepOptions: StepOptions = { tileSize, inspect };
  return {
    loss,
    async step(input) {
      const rounded = toFloat32(input);
      const checked = checkInput(loss, rounded, checkFinite);
      // Another user of TensorFlow.js may have changed the backend of the process.
      if (tf.getBackend() !== backend) await activateBackend(backend);
      const tensors = headStep(loss, { bias: undefined, draws: undefined, ...rounded }, checked, stepOptions);
      try {
        return await readOutput(loss, tensors, checked);
      } finally {
        tf.dispose(tensors);
      }
    },
    dispose() {},
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
