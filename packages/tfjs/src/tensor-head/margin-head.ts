import {
  checkInput,
  type MarginLoss,
  type Mode,
  type OptionNames,
  OptionOutOfRangeError,
  requireInteger,
  requireKnownOptions,
  requireLoss,
} from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { readFloats } from '../ops/read.ts';
import { stateFromTensors } from '../step/state-tensors.ts';
import { DEFAULT_KEEP_BYTES, defaultTileSize, type StepOptions } from '../step/step-input.ts';
import { type TensorHeadOutput, tensorStep } from '../step/tensor-step.ts';
import { checkTensors } from './check-tensors.ts';
import { deviceBatch } from './device-batch.ts';
import type { TensorHeadInput } from './tensor-head-input.ts';

export interface MarginHeadOptions {
  /** Classes a tile. Default 1,000. */
  readonly tileSize?: number | undefined;
  /**
   * Bytes of cosines, exponentials and slopes that may be kept from pass 1 to pass 2; beyond, a tile is computed twice. Default
   * 24 MiB, which is 12,000 classes at a batch of 128. With 0 nothing of size B × C is ever stored.
   */
  readonly keepBytes?: number | undefined;
  /** K, class centers a class, of which the nearest to a sample counts; of equal ones the first. Default 1. */
  readonly subCenters?: number | undefined;
  /** Also count the hard negatives and the range of their slopes. Default false: it looks at every negative. */
  readonly countNegatives?: boolean;
  /** Also tell how many samples are nearest to their own class. Default false. */
  readonly accuracy?: boolean;
}

const OPTIONS: OptionNames<MarginHeadOptions> = {
  tileSize: true,
  keepBytes: true,
  subCenters: true,
  countNegatives: true,
  accuracy: true,
};

/** A loss as a differentiable function of tensors. */
export interface TensorHead {
  readonly loss: MarginLoss;
  /**
   * Loss and next state of one batch, for use inside `tf.variableGrads`, `tf.grads` and `optimizer.minimize`.
   *
   * Nothing is read back to the host. Values are therefore not checked, shapes are.
   *
   * @throws ShapeMismatchError, OptionOutOfRangeError, StateMismatchError
   */
  apply(input: TensorHeadInput): TensorHeadOutput;
  /**
   * Reads one batch back and checks every value: labels in range, numbers finite, sample weights not negative, the state
   * within its ranges. For a first batch, or for debugging.
   *
   * @throws LabelOutOfRangeError, NonFiniteError, and what `apply` throws
   */
  check(input: TensorHeadInput): Promise<void>;
}

/**
 * A margin loss on class centers, as a function that TensorFlow.js differentiates: `tf.customGrad` with the analytic
 * slopes of `@cf/core`. The gradients are computed tile by tile in the forward pass, so that neither logits nor
 * probabilities, B × C, are ever on a tape.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export function marginHead(loss: MarginLoss, options: MarginHeadOptions = {}): TensorHead {
  requireLoss(loss);
  requireKnownOptions('marginHead', options, OPTIONS);
  const { tileSize, keepBytes = DEFAULT_KEEP_BYTES } = options;
  const { countNegatives = false, accuracy = false, subCenters = 1 } = options;
  if (tileSize !== undefined) requireInteger('tileSize', tileSize, 1, Number.MAX_SAFE_INTEGER);
  requireInteger('keepBytes', keepBytes, 0, Number.MAX_SAFE_INTEGER);
  requireInteger('subCenters', subCenters, 1, Number.MAX_SAFE_INTEGER);
  const stepOptions = { subCenters, keepBytes, countNegatives, nearest: accuracy, inspect: false };
  return {
    loss,
    apply(input) {
      checkTensors(loss, input, subCenters);
      const { mode = 'train', gradients = mode === 'train' } = input;
      const tile = { tileSize: tileSize ?? defaultTileSize() };
      return differentiable(loss, input, { ...stepOptions, ...tile, gradients }, mode);
    },
    async check(input) {
      checkTensors(loss, input, subCenters);
      const { embeddings, weights, labels, bias, sampleWeights, sampleKeys, draws, state, mode } = input;
      const arrays = {
        embeddings: await readFloats(embeddings),
        weights: await readFloats(weights),
        labels: await labels.data(),
        dim: embeddings.shape[1],
        ...(bias === undefined ? {} : { bias: await readFloats(bias) }),
        ...(sampleWeights === undefined ? {} : { sampleWeights: await readFloats(sampleWeights) }),
        ...(sampleKeys === undefined ? {} : { sampleKeys }),
        ...(draws === undefined ? {} : { draws: await readFloats(draws) }),
        ...(state === undefined ? {} : { state: await stateFromTensors(loss, state) }),
        ...(mode === undefined ? {} : { mode }),
      };
      checkInput(loss, arrays, { subCenters });
    },
  };
}

function differentiable(
  loss: MarginLoss,
  input: TensorHeadInput,
  options: StepOptions,
  mode: Mode,
): TensorHeadOutput {
  let beside: Omit<TensorHeadOutput, 'loss'> | undefined;
  const run = tf.customGrad<tf.Tensor>((...args) => {
    const save = args.pop() as tf.GradSaveFunc;
    const {
      gradients,
      loss: value,
      ...rest
    } = tensorStep(loss, deviceBatch(loss, input, mode, options.subCenters), options);
    if (gradients) {
      save([gradients.embeddings, gradients.weights, ...(gradients.bias ? [gradients.bias] : [])]);
    }
    // What is beside the value would be freed with this function's scope.
    for (const tensor of tf.tensor_util.getTensorsInContainer(rest)) tf.keep(tensor);
    beside = rest;
    return {
      value,
      gradFunc: (dy, saved) => {
        if (saved.length === 0) throw noGradients();
        return saved.map((gradient) => tf.mul(gradient, dy));
      },
    };
  });
  const value = run(input.embeddings, input.weights, ...(input.bias ? [input.bias] : []));
  const output = inCallersScope(beside!);
  tf.dispose(beside!);
  return { ...output, loss: value as tf.Scalar };
}

function noGradients(): OptionOutOfRangeError {
  return new OptionOutOfRangeError(
    'gradients',
    false,
    'gradients: true where the loss is differentiated',
    "leave gradients out in training; give gradients: true to differentiate in mode 'eval'.",
  );
}

/** The same tensors, owned by the scope that called the head and not by the one that made them. */
function inCallersScope<Tensors extends object>(tensors: Tensors): Tensors {
  const entries = Object.entries(tensors).map(([name, value]) => [
    name,
    value instanceof tf.Tensor ? tf.clone(value) : inCallersScope(value),
  ]);
  return Object.fromEntries(entries) as Tensors;
}
