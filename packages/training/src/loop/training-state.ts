import {
  checkState,
  createRandom,
  type FloatArray,
  initialState,
  type LossState,
  type MarginLoss,
  StateMismatchError,
} from '@cf/core';
import type { NamedTensors } from '../learner/named-tensors.ts';
import { arrayOptimiser } from '../optimiser/array-optimiser.ts';
import type { OptimiserRule } from '../optimiser/optimiser-rule.ts';
import { classCount, type TrainingSamples } from './samples.ts';

/** A trained array beside the learner, with the optimiser's numbers for it. */
export interface TrainedArray {
  readonly values: FloatArray;
  /** By the names of the rule. */
  readonly optimiser: Readonly<Record<string, FloatArray>>;
}

/** Everything that training changes beside the learner, which holds its own. */
export interface HeadState {
  /** Optimiser steps done. */
  readonly step: number;
  readonly lossState: LossState;
  /** As the samples have it: a number, or the names in the order of the labels. */
  readonly classes: TrainingSamples['classes'];
  /** W: [C, d]. */
  readonly centers: TrainedArray;
  /** b: [C], for losses with a bias. */
  readonly classBias: TrainedArray | undefined;
}

/** Everything that training goes on from. */
export interface TrainingState extends HeadState {
  readonly learner: NamedTensors;
}

/** What a state must fit. */
export interface StateOwner {
  readonly loss: MarginLoss;
  readonly classes: TrainingSamples['classes'];
  /** d. */
  readonly embeddingSize: number;
  readonly rule: OptimiserRule;
}

/** What a first state is made of. */
export interface FirstStateOptions extends StateOwner {
  readonly seed: number;
  /** Of class centers; float32 by default. */
  readonly precision?: 'float32' | 'float64';
}

/** The state before the first step: class centers from N(0, 0.01²), as the authors' release initialises them. */
export function firstHeadState(options: FirstStateOptions): HeadState {
  const { loss, classes, embeddingSize, rule, seed, precision = 'float32' } = options;
  const FloatArrayOf = precision === 'float32' ? Float32Array : Float64Array;
  const random = createRandom(seed).fork('class centers');
  const values = new FloatArrayOf(classCount({ classes }) * embeddingSize);
  for (let i = 0; i < values.length; i++) values[i] = 0.01 * random.normal();
  const { first } = arrayOptimiser(rule, 0);
  const trained = (array: FloatArray): TrainedArray => ({ values: array, optimiser: first(array) });
  return {
    step: 0,
    lossState: initialState(loss),
    classes,
    centers: trained(values),
    classBias: loss.bias ? trained(new FloatArrayOf(classCount({ classes }))) : undefined,
  };
}

/** @throws StateMismatchError if a state is of other classes, another loss, step or optimiser */
export function requireFit({ step, lossState, centers, classBias }: HeadState, owner: StateOwner): void {
  const { loss, classes, embeddingSize, rule } = owner;
  checkState(loss, lossState, step);
  const count = classCount({ classes });
  const check = (name: string, array: TrainedArray | undefined, length: number): void => {
    const ofRule = Object.fromEntries(rule.state.map((part) => [part, { length }]));
    const given = array === undefined ? 'none' : sizesOf(array.values, array.optimiser);
    const expected = length === 0 ? 'none' : sizesOf({ length }, ofRule);
    if (given === expected) return;
    throw new StateMismatchError(
      `a state with ${name}: ${given}`,
      `${expected}, for ${count} classes of length ${embeddingSize}, ${loss.name} and ${rule.name}`,
      'go on with the classes, loss, learner and optimiser that the state is of.',
    );
  };
  check('class centers', centers, count * embeddingSize);
  check('class bias', classBias, loss.bias ? count : 0);
}

type Sized = Pick<FloatArray, 'length'>;

function sizesOf(values: Sized, optimiser: Readonly<Record<string, Sized>>): string {
  const own = Object.entries(optimiser).map(([name, { length }]) => `, ${name} of ${length}`);
  return `${values.length} numbers${own.sort().join('')}`;
}
