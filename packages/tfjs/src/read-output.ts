import type {
  CheckedInput,
  HeadDiagnostics,
  HeadInspection,
  HeadOutput,
  LossState,
  MarginLoss,
} from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import type { StepScalars, StepTensors } from './head-step.ts';

/** Brings one step to the host. The scalars travel together, in one read. Does not free the tensors. */
export async function readOutput(
  loss: MarginLoss,
  step: StepTensors,
  checked: CheckedInput,
): Promise<HeadOutput> {
  const { gradients } = step;
  const [scalars, next, losses, gradEmbeddings, gradWeights, gradBias, logits, gradLogits] =
    await Promise.all([
      readScalars(step.scalars),
      readScalars(step.next),
      read(step.losses),
      read(gradients.embeddings),
      read(gradients.weights),
      gradients.bias && read(gradients.bias),
      gradients.logits && read(gradients.logits),
      gradients.gradLogits && read(gradients.gradLogits),
    ]);
  const state = stateAfter(loss, checked, next);
  return {
    loss: scalars.loss,
    losses,
    regulariser: scalars.regulariser,
    gradEmbeddings,
    gradWeights,
    gradBias,
    state,
    diagnostics: diagnose(loss, scalars, state, checked),
    inspection: inspection(logits, gradLogits),
  };
}

async function read(tensor: tf.Tensor): Promise<Float32Array> {
  return (await tensor.data()) as Float32Array;
}

async function readScalars<Name extends string>(
  scalars: Readonly<Record<Name, tf.Tensor>>,
): Promise<Record<Name, number>> {
  const names = Object.keys(scalars) as Name[];
  if (names.length === 0) return {} as Record<Name, number>;
  const together = tf.tidy(() => tf.stack(names.map((name) => tf.reshape(scalars[name], []))));
  try {
    const values = await read(together);
    return Object.fromEntries(names.map((name, i) => [name, values[i]!])) as Record<Name, number>;
  } finally {
    together.dispose();
  }
}

/** In evaluation the state that came in, digit for digit: it does not go through float32. */
function stateAfter(loss: MarginLoss, checked: CheckedInput, next: Record<string, number>): LossState {
  return checked.mode === 'eval' ? checked.state : { loss: loss.name, values: next };
}

function diagnose(
  loss: MarginLoss,
  scalars: StepScalars<number>,
  state: LossState,
  { batch, classes }: CheckedInput,
): HeadDiagnostics {
  const onSphere = loss.geometry !== 'inner';
  const negatives = batch * (classes - 1);
  const hard = onSphere && scalars.hard > 0;
  return {
    meanTargetCosine: onSphere ? scalars.meanTargetCosine : null,
    t: state.values.t ?? null,
    hardShare: onSphere && negatives > 0 ? scalars.hard / negatives : null,
    emphasisedShare: hard ? scalars.emphasised / scalars.hard : null,
    minModulation: hard ? scalars.minSlope : null,
    maxModulation: hard ? scalars.maxSlope : null,
    pastPiShare: onSphere ? scalars.pastPiShare : null,
  };
}

function inspection(
  logits: Float32Array | undefined,
  gradLogits: Float32Array | undefined,
): HeadInspection | undefined {
  return logits === undefined || gradLogits === undefined ? undefined : { logits, gradLogits };
}
