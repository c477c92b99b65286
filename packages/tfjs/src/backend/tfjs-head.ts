import {
  type CheckedInput,
  checkInput,
  type Head,
  type HeadInput,
  type HeadOptions,
  type HeadOutput,
  handOver,
  type LossState,
  type MarginLoss,
  marginDraws,
  requireClassValues,
  requireFiniteTensor,
  requireInteger,
} from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { stateToTensors } from '../step/state-tensors.ts';
import { DEFAULT_KEEP_BYTES, defaultTileSize, type StepInput, type StepOptions } from '../step/step-input.ts';
import { tensorStep } from '../step/tensor-step.ts';
import { activateBackend, isActive } from './active-backend.ts';
import { withoutShards } from './errors.ts';
import { readOutput } from './read-output.ts';

/** A head on the given backend, which is active and must be so again at each step. @throws BackendError, OptionOutOfRangeError */
export function tfjsHead(loss: MarginLoss, backend: string, options: HeadOptions): Head {
  const { tileSize, checkFinite = true, inspect = false, subCenters = 1 } = options;
  if (options.communicator !== undefined) throw withoutShards(backend, 'communicator');
  if (options.firstClass) throw withoutShards(backend, 'firstClass');
  if (tileSize !== undefined) requireInteger('tileSize', tileSize, 1, Number.MAX_SAFE_INTEGER);
  requireInteger('subCenters', subCenters, 1, Number.MAX_SAFE_INTEGER);
  return {
    loss,
    subCenters,
    async step(input) {
      if (input.sampled !== undefined) throw withoutShards(backend, 'sampled');
      const rounded = toFloat32(input);
      const checked = checkInput(loss, rounded, { checkFinite, subCenters, inspect });
      requireClassValues(loss, checked.classes, checked.state);
      requireFiniteState(checked.state);
      // Another head or user of TensorFlow.js may have changed the backend of the process. From here on nothing is awaited
      // until the step is computed.
      while (!isActive(backend)) await activateBackend(backend);
      const { countNegatives = true } = input;
      const stepOptions: StepOptions = {
        tileSize: tileSize ?? defaultTileSize(),
        subCenters,
        keepBytes: DEFAULT_KEEP_BYTES,
        gradients: true,
        inspect,
        countNegatives,
        nearest: false,
      };
      const tensors = tf.tidy(() => tensorStep(loss, upload(loss, rounded, checked), stepOptions));
      try {
        const output = await readOutput(loss, tensors, checked);
        if (checkFinite) requireFiniteOutput(output);
        return input.gradientTaker ? handOver(output, input.gradientTaker) : output;
      } finally {
        tf.dispose(tensors);
      }
    },
    dispose() {},
  };
}

function upload(loss: MarginLoss, arrays: RoundedInput, checked: CheckedInput): StepInput {
  const { batch, classes, dim, subCenters, labels, sampleWeights, sampleKeys, state, mode } = checked;
  const drawn = marginDraws(loss, state, mode, sampleKeys, arrays.draws);
  return {
    embeddings: tf.tensor2d(arrays.embeddings, [batch, dim]),
    weights: tf.tensor2d(arrays.weights, [classes * subCenters, dim]),
    bias: arrays.bias && tf.tensor2d(arrays.bias, [arrays.bias.length, 1]),
    labels: tf.tensor1d(labels, 'int32'),
    sampleWeights: tf.tensor1d(rounded(sampleWeights)),
    draws: drawn && tf.tensor1d(rounded(drawn)),
    state: stateToTensors(loss, state, classes),
    mode,
  };
}

const FLOATS = ['embeddings', 'weights', 'bias', 'sampleWeights', 'draws'] as const;

type RoundedInput = HeadInput & {
  readonly [Name in keyof Pick<HeadInput, (typeof FLOATS)[number]>]: Float32Array;
};

/** Rounded before it is checked: a float64 past float32's range becomes an infinity, which the check finds. */
function toFloat32(input: HeadInput): RoundedInput {
  const given = FLOATS.filter((name) => input[name] !== undefined);
  const arrays = Object.fromEntries(given.map((name) => [name, rounded(input[name]!)]));
  return { ...input, ...arrays } as RoundedInput;
}

function rounded(values: ArrayLike<number>): Float32Array {
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

/** Finds values of a state that are not finite in float32. */
function requireFiniteState({ values, classValues }: LossState): void {
  for (const [name, value] of Object.entries({ ...values, ...classValues })) {
    requireFiniteTensor(`state.${name}`, Float32Array.from([value].flat()));
  }
}

/** Finds where finite input has overflowed. */
function requireFiniteOutput(output: HeadOutput): void {
  const { loss, losses, gradEmbeddings, gradWeights, gradBias = [] } = output;
  const numbers = { losses, loss: [loss], gradEmbeddings, gradWeights, gradBias };
  for (const [name, values] of Object.entries(numbers)) requireFiniteTensor(name, values);
  requireFiniteState(output.state);
}
