import { requireInteger, requireRange } from '../errors/check-options.ts';
import { NonFiniteError, StateMismatchError } from '../errors/errors.ts';
import type { MarginLoss } from '../losses/margin-loss.ts';
import { requireLoss } from '../losses/require-loss.ts';

/**
 * What a loss carries from step to step (t, running statistics, the pace), as plain data: part of every checkpoint.
 * It says which step it belongs to.
 */
export interface LossState {
  /** Name of the loss that it belongs to. */
  readonly loss: string;
  /** `step`, the training steps before this one, and what the loss needs. */
  readonly values: Readonly<Record<string, number>>;
  /**
   * What the loss carries of each class, by name: [C] over all shards, in the order of the labels. Only where it carries
   * anything of classes; before the first step it may be left out.
   */
  readonly classValues?: Readonly<Record<string, readonly number[]>>;
}

/** The state before the first step. @throws OptionOutOfRangeError for what is no loss */
export function initialState(loss: MarginLoss): LossState {
  requireLoss(loss);
  return { loss: loss.name, values: { ...loss.initialValues } };
}

/**
 * The state, if it is this loss's; the initial one where none is given.
 *
 * @param step the training steps before this one, where the caller counts them.
 * @throws StateMismatchError if it belongs to another loss or step, or lacks a value; NonFiniteError, OptionOutOfRangeError
 */
export function checkState(loss: MarginLoss, state: LossState | undefined, step?: number): LossState {
  if (step !== undefined) requireStep(state?.values?.step ?? 0, step, state === undefined);
  if (state === undefined) return initialState(loss);
  if (state?.loss !== loss.name) {
    throw new StateMismatchError(`a state of '${state?.loss ?? 'nothing'}'`, `a state of '${loss.name}'`);
  }
  requireValues(loss, 'values', state.values, loss.initialValues);
  const { classValues = state.values.step === 0 ? undefined : {} } = state;
  if (classValues !== undefined) requireValues(loss, 'classValues', classValues, loss.initialClassValues);
  return state;
}

function requireValues(
  { name: loss, stateRanges }: MarginLoss,
  kind: 'values' | 'classValues',
  values: Readonly<Record<string, number | readonly number[]>> | undefined,
  initial: object,
): void {
  const expected = Object.keys(initial).sort();
  const given = Object.keys(values ?? {}).sort();
  if (expected.join() !== given.join()) {
    throw new StateMismatchError(
      `a state with {${given.join(', ')}}`,
      `the ${kind} {${expected.join(', ')}} of '${loss}'`,
    );
  }
  for (const name of expected) {
    const [low, high] = stateRanges[name] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const ofClasses = kind === 'classValues';
    [values![name]!].flat().forEach((value, c) => {
      if (!Number.isFinite(value))
        throw new NonFiniteError(`state.${name}`, c, value as number, 'load an earlier checkpoint.');
      requireRange(ofClasses ? `state.${name}[${c}]` : `state.${name}`, value as number, low, high);
    });
  }
}

function requireStep(given: number, step: number, none: boolean): void {
  requireInteger('step', step, 0, Number.MAX_SAFE_INTEGER);
  if (given === step) return;
  throw new StateMismatchError(
    none ? 'no state' : `the state after ${given} steps`,
    `the state after ${step} steps`,
    'hand in the state that the step before gave; after a resume, that of the checkpoint.',
  );
}
