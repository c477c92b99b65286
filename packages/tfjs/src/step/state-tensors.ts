import { checkState, type LossState, type MarginLoss, requireInteger, StateMismatchError } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { readFloats, readScalars } from '../ops/read.ts';
import type { StateTensors } from './step-input.ts';

/**
 * A loss's state on the device, float32; the initial one where none is given.
 *
 * @param classes C, for losses that carry something of classes ({@link MarginLoss.initialClassValues}); others need none
 * @throws StateMismatchError, NonFiniteError, OptionOutOfRangeError
 */
export function stateToTensors(loss: MarginLoss, state?: LossState, classes?: number): StateTensors {
  const { values, classValues = {} } = checkState(loss, state);
  const carried = Object.entries(loss.initialClassValues).map(([name, start]) => {
    const given = classValues[name];
    if (given !== undefined) return [name, tf.tensor1d(Float32Array.from(given))];
    requireInteger('classes', classes as number, 1, Number.MAX_SAFE_INTEGER);
    return [name, tf.fill([classes!], start, 'float32')];
  });
  const scalars = Object.entries(values).map(([name, value]) => [name, tf.scalar(value)]);
  return Object.fromEntries([...scalars, ...carried]);
}

/**
 * Reads a state back, in one transfer. The tensors stay the caller's.
 *
 * @throws StateMismatchError, NonFiniteError, OptionOutOfRangeError where what was read is no state of this loss
 */
export async function stateFromTensors(loss: MarginLoss, tensors: StateTensors): Promise<LossState> {
  return checkState(loss, await readState(loss, tensors));
}

/** {@link stateFromTensors}, unchecked. */
export async function readState(loss: MarginLoss, tensors: StateTensors): Promise<LossState> {
  const carried = Object.keys(loss.initialClassValues).filter((name) => Object.hasOwn(tensors, name));
  const scalars = Object.entries(tensors).filter(([name]) => !carried.includes(name));
  const [values, ...arrays] = await Promise.all([
    readScalars(Object.fromEntries(scalars)),
    ...carried.map((name) => readFloats(tensors[name]!)),
  ]);
  if (carried.length === 0) return { loss: loss.name, values };
  const classValues = Object.fromEntries(carried.map((name, k) => [name, Array.from(arrays[k]!)]));
  return { loss: loss.name, values, classValues };
}

/**
 * The state as variables that no optimiser trains, to move on with {@link assignState}.
 *
 * @param classes as of {@link stateToTensors}
 * @throws StateMismatchError, NonFiniteError, OptionOutOfRangeError
 */
export function stateVariables(
  loss: MarginLoss,
  state?: LossState,
  classes?: number,
): Record<string, tf.Variable> {
  return tf.tidy(() => {
    const tensors = Object.entries(stateToTensors(loss, state, classes));
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
