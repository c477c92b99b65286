import { checkInput, type MarginLoss, type Mode, OptionOutOfRangeError, requireInteger } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import type { HardNegatives } from '../step/hard-negatives.ts';
import { headStep, type StepTensors } from '../step/head-step.ts';
import { stateFromTensors } from '../step/state-tensors.ts';
import {
  DEFAULT_KEEP_BYTES,
  defaultTileSize,
  type StateTensors,
  type StepOptions,
} from '../step/step-input.ts';
import { checkTensors } from './check-tensors.ts';
import { deviceBatch } from './device-batch.ts';
import type { TensorHeadInput } from './tensor-head-input.ts';

export interface MarginHeadOptions {
  /** Classes a tile. Default 1,000. */
  readonly tileSize?: number;
  /**
   * Bytes of cosines, exponentials and slopes that may be kept from pass 1 to pass 2; beyond, a tile is computed twice. Default
   * 24 MiB, which is 12,000 classes at a batch of 128. With 0 nothing of size B × C is ever stored.
   */
  readonly keepBytes?: number;
  /** Also count the hard negatives and the range of their slopes. Default false: it looks at every negative. */
  readonly countNegatives?: boolean;
  /** Also tell how many samples are nearest to their own class. Default false. */
  readonly accuracy?: boolean;
}

/** What a step gives: tensors in the caller's scope. Only `loss` can be differentiated. */
export interface TensorHeadOutput {
  /** Mean over the batch, regulariser included; a function of embeddings, weights and bias. */
  readonly loss: tf.Scalar;
  /** Per-sample losses, weights and G applied, without the regulariser: [B]. */
  readonly losses: tf.Tensor1D;
  readonly regulariser: tf.Scalar;
  /** Mean of cos θ_y: CurricularFace's r. */
  readonly meanTargetCosine: tf.Scalar;
  /** Share of the samples whose angle with its margin is past π. */
  readonly pastPiShare: tf.Scalar;
  /** State after this step, to hand in with the next. */
  readonly nextState: StateTensors;
  /** With `countNegatives`. */
  readonly hardNegatives?: HardNegatives;
  /** With `accuracy`: share of the samples nearer to their own class than to any other. */
  readonly accuracy?: tf.Scalar;
}

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
 * @throws OptionOutOfRangeError
 */
export function marginHead(loss: MarginLoss, options: MarginHeadOptions = {}): TensorHead {
  const { tileSize, keepBytes = DEFAULT_KEEP_BYTES } = options;
  const { countNegatives = false, accuracy = false } = options;
  if (tileSize !== undefined) requireInteger('tileSize', tileSize, 1, Number.MAX_SAFE_INTEGER);
  requireInteger('keepBytes', keepBytes, 0, Number.MAX_SAFE_INTEGER);
  const stepOptions = { keepBytes, countNegatives, nearest: accuracy, inspect: false };
  return {
    loss,
    apply(input) {
      checkTensors(loss, input);
      const { mode = 'train', gradients = mode === 'train' } = input;
      const tile = { tileSize: tileSize ?? defaultTileSize() };
      return differentiable(loss, input, { ...stepOptions, ...tile, gradients }, mode);
    },
    async check(input) {
      checkTensors(loss, input);
      const { embeddings, weights, labels, bias, sampleWeights, sampleKeys, draws, state, mode } = input;
      checkInput(loss, {
        embeddings: await floats(embeddings),
        weights: await floats(weights),
        labels: await labels.data(),
        dim: embeddings.shape[1],
        ...(bias === undefined ? {} : { bias: await floats(bias) }),
        ...(sampleWeights === undefined ? {} : { sampleWeights: await floats(sampleWeights) }),
        ...(sampleKeys === undefined ? {} : { sampleKeys }),
        ...(draws === undefined ? {} : { draws: await floats(draws) }),
        ...(state === undefined ? {} : { state: await stateFromTensors(loss, state) }),
        ...(mode === undefined ? {} : { mode }),
      });
    },
  };
}

async function floats(tensor: tf.Tensor): Promise<Float32Array> {
  return (await tensor.data()) as Float32Array;
}

/** What a step gives beside the gradients. */
type Beside = Omit<StepTensors, 'gradients'>;

function differentiable(
  loss: MarginLoss,
  input: TensorHeadInput,
  options: StepOptions,
  mode: Mode,
): TensorHeadOutput {
  let beside: Beside | undefined;
  const run = tf.customGrad<tf.Tensor>((...args) => {
    const save = args.pop() as tf.GradSaveFunc;
    const { gradients, ...rest } = headStep(loss, deviceBatch(loss, input, mode), options);
    if (gradients) {
      save([gradients.embeddings, gradients.weights, ...(gradients.bias ? [gradients.bias] : [])]);
    }
    // What is beside the value would be freed with this function's scope.
    for (const tensor of tf.tensor_util.getTensorsInContainer(rest)) tf.keep(tensor);
    beside = rest;
    return {
      value: tf.clone(rest.scalars.loss),
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
function inCallersScope({ losses, scalars, hard, accuracy, next }: Beside): Omit<TensorHeadOutput, 'loss'> {
  return {
    losses: tf.clone(losses) as tf.Tensor1D,
    regulariser: tf.clone(scalars.regulariser) as tf.Scalar,
    meanTargetCosine: tf.clone(scalars.meanTargetCosine) as tf.Scalar,
    pastPiShare: tf.clone(scalars.pastPiShare) as tf.Scalar,
    nextState: cloned(next),
    ...(hard ? { hardNegatives: cloned(hard) } : {}),
    ...(accuracy ? { accuracy: tf.clone(accuracy) as tf.Scalar } : {}),
  };
}

function cloned<Tensors extends Readonly<Record<string, tf.Tensor>>>(tensors: Tensors): Tensors {
  const entries = Object.entries(tensors).map(([name, tensor]) => [name, tf.clone(tensor)]);
  return Object.fromEntries(entries) as Tensors;
}
