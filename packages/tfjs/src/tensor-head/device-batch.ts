import { type MarginLoss, type Mode, marginDraws, OptionOutOfRangeError } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { stateToTensors } from '../step/state-tensors.ts';
import type { StepInput } from '../step/step-input.ts';
import type { TensorHeadInput } from './tensor-head-input.ts';

/** Fills in the defaults of a batch of tensors. To be used inside a `tf.tidy`. */
export function deviceBatch(
  loss: MarginLoss,
  input: TensorHeadInput,
  mode: Mode,
  subCenters: number,
): StepInput {
  const { embeddings, weights, bias, labels } = input;
  const [batch] = embeddings.shape;
  return {
    embeddings,
    weights,
    bias: bias && tf.reshape(bias, [-1, 1]),
    labels,
    sampleWeights: input.sampleWeights ?? tf.ones([batch]),
    draws: drawsOf(loss, input, mode, batch),
    state: input.state ?? stateToTensors(loss, undefined, weights.shape[0] / subCenters),
    mode,
  };
}

/** Seeded draws are hashed on the host: their step can't be read from the state without waiting for the device. */
function drawsOf(
  loss: MarginLoss,
  { draws, step, sampleKeys }: TensorHeadInput,
  mode: Mode,
  batch: number,
): tf.Tensor1D | undefined {
  if (loss.draws === undefined || mode === 'eval') return undefined;
  if (draws !== undefined) return draws;
  if (step === undefined) {
    throw new OptionOutOfRangeError(
      'step',
      step,
      `the number of training steps before this one, since '${loss.name}' draws margins`,
      'count the steps on the host and give step, or give the margins as draws.',
    );
  }
  const keys = sampleKeys ?? Float64Array.from({ length: batch }, (_, i) => i);
  const drawn = marginDraws(loss, { loss: loss.name, values: { step } }, mode, keys, undefined)!;
  return tf.tensor1d(Float32Array.from(drawn));
}
