import {
  type CheckedInput,
  type HeadOutput,
  headDiagnostics,
  type LossState,
  type MarginLoss,
} from '@cf/core';
import { readFloats, readScalars } from '../ops/read.ts';
import { readState } from '../step/state-tensors.ts';
import type { StepTensors } from '../step/tensor-step.ts';

/** Brings one step to the host. The scalars travel together, in one read. Does not free the tensors. */
export async function readOutput(
  loss: MarginLoss,
  { gradients, hardNegatives, ...step }: StepTensors,
  checked: CheckedInput,
): Promise<HeadOutput> {
  const { loss: mean, regulariser, meanTargetCosine, pastPiShare } = step;
  const { embeddings, weights, bias, ...inspected } = gradients!;
  const [scalars, negatives, next, losses, gradEmbeddings, gradWeights, gradBias, logits, gradLogits] =
    await Promise.all([
      readScalars({ loss: mean, regulariser, meanTargetCosine, pastPiShare }),
      hardNegatives && readScalars(hardNegatives),
      readState(loss, step.nextState),
      readFloats(step.losses),
      readFloats(embeddings),
      readFloats(weights),
      bias && readFloats(bias),
      inspected.logits && readFloats(inspected.logits),
      inspected.gradLogits && readFloats(inspected.gradLogits),
    ]);
  const state = stateAfter(checked, next);
  const { batch, classes } = checked;
  return {
    loss: scalars.loss,
    losses,
    regulariser: scalars.regulariser,
    gradEmbeddings,
    gradWeights,
    gradBias,
    state,
    diagnostics: headDiagnostics(loss, { ...scalars, negatives, batch, classes, t: state.values.t }),
    inspection: logits && gradLogits && { logits, gradLogits },
  };
}

/** In evaluation the state that came in, digit for digit: it does not go through float32, and steps never do. */
function stateAfter({ mode, state }: CheckedInput, next: LossState): LossState {
  if (mode === 'eval') return state;
  return { ...next, values: { ...next.values, step: state.values.step! + 1 } };
}
