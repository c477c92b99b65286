import {
  type Communicator,
  checkState,
  createRandom,
  type FloatArray,
  initialState,
  type LossState,
  type MarginLoss,
  requireClassValues,
  StateMismatchError,
} from '@cf/core';
import type { NamedTensors } from '../learner/named-tensors.ts';
import { arrayOptimiser } from '../optimiser/array-optimiser.ts';
import type { OptimiserRule } from '../optimiser/optimiser-rule.ts';
import { shareOf } from './rank-shares.ts';
import { classCount, type TrainingSamples } from './samples.ts';
import type { ShadowStates } from './shadows.ts';

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
  /** K, class centers a class. */
  readonly subCenters: number;
  /** W, row c·K + k sub-center k of class c: [C·K, d]. */
  readonly centers: TrainedArray;
  /** b, for losses with a bias: [C], or [1] where all classes share it. */
  readonly classBias: TrainedArray | undefined;
  /** Of losses that look on. */
  readonly shadows?: ShadowStates;
}

/** Everything that training goes on from. */
export interface TrainingState extends HeadState {
  readonly learner: NamedTensors;
}

/** What a state must fit. */
export interface StateOwner {
  readonly loss: MarginLoss;
  readonly classes: TrainingSamples['classes'];
  /** K, class centers a class; 1 by default. */
  readonly subCenters?: number;
  /** d. */
  readonly embeddingSize: number;
  readonly rule: OptimiserRule;
  /** Of several ranks, each of which has the centers of its own classes: `shareOf` them all. */
  readonly ranks?: Pick<Communicator, 'rank' | 'size'> | undefined;
}

/** What a first state is made of. */
export interface FirstStateOptions extends StateOwner {
  readonly seed: number;
  /** Of class centers; float32 by default. */
  readonly precision?: 'float32' | 'float64';
}

/**
 * The state before the first step: class centers, all K of each class, from N(0, 0.01²), as the authors' release initialises
 * them; a bias where the loss has it start.
 */
export function firstHeadState(options: FirstStateOptions): HeadState {
  const { loss, classes, subCenters = 1, embeddingSize, rule, seed, precision = 'float32', ranks } = options;
  const { from, to } = shareOf(classCount({ classes }), ranks);
  const perClass = subCenters * embeddingSize;
  const FloatArrayOf = precision === 'float32' ? Float32Array : Float64Array;
  const random = createRandom(seed).fork('class centers');
  // Those of classes before are drawn and left, so that each class has its own whatever the ranks.
  for (let i = 0; i < from * perClass; i++) random.normal();
  const values = new FloatArrayOf((to - from) * perClass);
  for (let i = 0; i < values.length; i++) values[i] = 0.01 * random.normal();
  const { first } = arrayOptimiser(rule, 0);
  const trained = (array: FloatArray): TrainedArray => ({ values: array, optimiser: first(array) });
  return {
    step: 0,
    lossState: initialState(loss),
    classes,
    subCenters,
    centers: trained(values),
    classBias:
      loss.bias &&
      trained(new FloatArrayOf(biasLength(loss, to - from)).fill(loss.bias.start(classCount({ classes })))),
  };
}

function biasLength({ bias }: MarginLoss, classes: number): number {
  if (bias === undefined) return 0;
  return bias.of === 'all classes' ? 1 : classes;
}

/** @throws StateMismatchError if a state is of other classes, other sub-centers, another loss, step or optimiser */
export function requireFit(state: HeadState, owner: StateOwner): void {
  const { step, lossState, centers, classBias } = state;
  const { loss, classes, subCenters = 1, embeddingSize, rule, ranks } = owner;
  checkState(loss, lossState, step);
  if (state.subCenters !== subCenters)
    throw new StateMismatchError(
      `a state with subCenters = ${state.subCenters}`,
      `subCenters = ${subCenters}, as the training's head has it`,
      'go on with as many centers a class as the state has.',
    );
  const count = classCount({ classes });
  requireClassValues(loss, count, lossState);
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
  const { from, to } = shareOf(count, ranks);
  check('class centers', centers, (to - from) * subCenters * embeddingSize);
  check('class bias', classBias, biasLength(loss, to - from));
}

type Sized = Pick<FloatArray, 'length'>;

function sizesOf(values: Sized, optimiser: Readonly<Record<string, Sized>>): string {
  const own = Object.entries(optimiser).map(([name, { length }]) => `, ${name} of ${length}`);
  return `${values.length} numbers${own.sort().join('')}`;
}
