import { type FloatArray, type MarginLoss, StateMismatchError } from '@cf/core';
import type { NamedTensor, NamedTensors } from '../learner/named-tensors.ts';
import type { Share } from './rank-shares.ts';
import { classCount } from './samples.ts';
import type { TrainedArray, TrainingState } from './training-state.ts';

/** A training as it is stored: arrays by name, and the rest as plain JSON. */
export interface Checkpoint {
  readonly tensors: NamedTensors;
  readonly values: CheckpointValues;
}

/** The plain numbers and names of a checkpoint. */
export type CheckpointValues = Pick<
  TrainingState,
  'step' | 'lossState' | 'classes' | 'subCenters' | 'shadows'
>;

/** What the names of the tensors of a learner begin with. */
const LEARNER = 'learner/';
const OPTIMISER = 'optimiser/';
const CENTERS = 'class.centers';
const BIAS = 'class.bias';

/** What the bias of a loss is of; undefined for a loss without. */
export type BiasOwner = NonNullable<MarginLoss['bias']>['of'] | undefined;

/** Whether a tensor of a checkpoint has rows of each class. */
export function isOfClasses(name: string, bias: BiasOwner): boolean {
  const own = name.startsWith(OPTIMISER) ? name.slice(name.indexOf('/', OPTIMISER.length) + 1) : name;
  return own === CENTERS || (own === BIAS && bias === 'each class');
}

/**
 * A state as plain named tensors and numbers. The arrays are the state's own.
 *
 * @param share of a rank: the classes whose centers the state has; all by default
 */
export function checkpointOf(state: TrainingState, share?: Share): Checkpoint {
  const { step, lossState, classes, subCenters, centers, classBias, learner, shadows } = state;
  const { from, to } = share ?? { from: 0, to: classCount(state) };
  const rows = (to - from) * subCenters;
  const tensors = new Map<string, NamedTensor>();
  const add = (name: string, { values, optimiser }: TrainedArray, shape: readonly number[]): void => {
    tensors.set(name, { shape, data: values });
    for (const [part, data] of Object.entries(optimiser))
      tensors.set(`${OPTIMISER}${part}/${name}`, { shape, data });
  };
  add(CENTERS, centers, [rows, centers.values.length / rows]);
  if (classBias !== undefined) add(BIAS, classBias, [classBias.values.length]);
  for (const [name, tensor] of learner) tensors.set(`${LEARNER}${name}`, tensor);
  return { tensors, values: { step, lossState, classes, subCenters, ...(shadows && { shadows }) } };
}

/**
 * The state of a checkpoint. Its arrays become the state's own.
 *
 * @throws StateMismatchError if it is none
 */
export function stateFrom({ tensors, values }: Checkpoint): TrainingState {
  // Checkpoints of before there were sub-centers do not name them.
  const {
    step,
    lossState,
    classes,
    subCenters = 1,
    shadows,
  } = values as Partial<CheckpointValues> & typeof values;
  if (!Number.isSafeInteger(step) || step < 0) throw noCheckpoint(`step = ${step}`);
  const names = [...tensors.keys()];
  const trained = (name: string): TrainedArray => {
    const values = requireArray(tensors, name);
    const own = names.filter((key) => key.startsWith(OPTIMISER) && key.endsWith(`/${name}`));
    const optimiser = own.map((key) => {
      const part = key.slice(OPTIMISER.length, -name.length - 1);
      return [part, requireArray(tensors, key, values.length)];
    });
    return { values, optimiser: Object.fromEntries(optimiser) };
  };
  const learner = names.filter((key) => key.startsWith(LEARNER));
  return {
    step,
    lossState,
    classes,
    subCenters,
    centers: trained(CENTERS),
    classBias: tensors.has(BIAS) ? trained(BIAS) : undefined,
    learner: new Map(learner.map((key) => [key.slice(LEARNER.length), tensors.get(key)!])),
    ...(shadows && { shadows }),
  };
}

function requireArray(tensors: NamedTensors, name: string, length?: number): FloatArray {
  const data = tensors.get(name)?.data;
  if (data === undefined) throw noCheckpoint(`no tensor '${name}'`);
  if (length !== undefined && data.length !== length)
    throw noCheckpoint(`tensor '${name}' of ${data.length} numbers, not of ${length}`);
  return data;
}

function noCheckpoint(given: string): StateMismatchError {
  return new StateMismatchError(
    `a checkpoint with ${given}`,
    'what checkpointOf gave',
    'take an unchanged checkpoint.',
  );
}
