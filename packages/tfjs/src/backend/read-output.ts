import {
  type CheckedInput,
  type HeadInspection,
  type HeadOutput,
  headDiagnostics,
  type LossState,
  type MarginLoss,
} from '@cf/core';
import type * as tf from '@tensorflow/tfjs';
import { readScalars } from '../ops/read-scalars.ts';
import type { Gradients } from '../step/gradients.ts';
import type { StepTensors } from '../step/head-step.ts';

/** Brings one step to the host. The scalars travel together, in one read. Does not free the tensors. */
export async function readOutput(
  loss: MarginLoss,
  step: StepTensors & { readonly gradients: Gradients },
  checked: CheckedInput,
): Promise<HeadOutput> {
  const { gradients } = step;
  const [scalars, hard, next, losses, gradEmbeddings, gradWeights, gradBias, logits, gradLogits] =
    await Promise.all([
      readScalars(step.scalars),
      step.hard && readScalars(step.hard),
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
    diagnostics: headDiagnostics(loss, {
      ...scalars,
      negatives: hard,
      batch: checked.batch,
      classes: checked.classes,
      t: state.values.t,
    }),
    inspection: inspection(logits, gradLogits),
  };
}

async function read(tensor: tf.Tensor): Promise<Float32Array> {
  return (await tensor.data()) as Float32Array;
}

/** In evaluation the state that came in, digit for digit: it does not go through float32, and steps never do. */
function stateAfter(loss: MarginLoss, checked: CheckedInput, next: Record<string, number>): LossState {
  if (checked.mode === 'eval') return checked.state;
  return { loss: loss.name, values: { ...next, step: checked.state.values.step! + 1 } };
}

function inspection(
  logits: Float32Array | undefined,
  gradLogits: Float32Array | undefined,
): HeadInspection | undefined {
  return logits === undefined || gradLogits === undefined ? undefined : { logits, gradLogits };
}
