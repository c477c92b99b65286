import { checkState, type LossState, type MarginLoss, StateMismatchError } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { readScalars } from '../ops/read.ts';
import type { StateTensors } from './step-input.ts';

/**
 * A loss's state as scalars on the device, float32; the initial one where none is given.
 *
 * @throws StateMismatchError, NonFiniteError, OptionOutOfRangeError
 */
export function stateToTensors(loss: MarginLoss, state?: LossState): StateTensors {
  const { values } = checkState(loss, state);
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, tf.scalar(value)]));
}

/**
 * Reads a state back, in one transfer. The tensors stay the caller's.
 *
 * @throws StateMismatchError, NonFiniteError, OptionOutOfRangeError where what was read is no state of this loss
 */
export async function stateFromTensors(loss: MarginLoss, tensors: StateTensors): Promise<LossState> {
  return checkState(loss, { loss: loss.name, values: await readScalars(tensors) });
}

/**
 * The state as variables that no optimiser trains, to move on with {@link assignState}; scalars.
 *
 * @throws StateMismatchError, NonFiniteError, OptionOutOfRangeError
 */
export function stateVariables(loss: MarginLoss, state?: LossState): Record<string, tf.Variable> {
  return tf.tidy(() => {
    const tensors = Object.entries(stateToTensors(loss, state));
    return Object.fromEntries(tensors.map(([name, value]) => [name, tf.variable(value, false)]));
  });
}

/**
 * Moves variables on to the state after a step; inside `tf.variableGrads` or a `tf.tidy` as well.
 *
 * @throws StateMismatchError if the state lacks a variable's value; then none has moved
 */
export function assignState(variables: Readonly<Record<string, tf.Variable>>, next: StateTensors): void {
  const names = Object.keys(variables);
  if (!names.every((name) => Object.hasOwn(next, name))) {
    throw new StateMismatchError(
      `a state with {${Object.keys(next).join(', ')}}`,
      `the values {${names.join(', ')}} of the variables`,
      'hand in the nextState of a step of the same loss.',
    );
  }
  for (const [name, variable] of Object.entries(variables)) variable.assign(next[name]!);
}
