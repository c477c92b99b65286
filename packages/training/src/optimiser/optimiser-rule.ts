import type { FloatArray, TensorOps } from '@cf/core';

/** One number of a parameter on its way through an update. */
export interface UpdateInput<T> {
  readonly weight: T;
  /** After clipping. */
  readonly gradient: T;
  /** The rule's own numbers, by the names that it lists; 0 before the first update. */
  readonly state: Readonly<Record<string, T>>;
  /** η of this step and this parameter's group. */
  readonly learningRate: T;
  /** λ of the parameter's group; a number, so that no decay costs nothing. */
  readonly weightDecay: number;
  /** 1 in the first update. */
  readonly updateNumber: T;
}

/** The parameter and the rule's numbers after the update. */
export type UpdateOutput<T> = Pick<UpdateInput<T>, 'weight' | 'state'>;

/** A whole array on its way through an update; what it says of one number holds for each. */
export interface ArrayUpdate extends Omit<UpdateInput<number>, 'weight' | 'gradient' | 'state'> {
  /** Changed in place. */
  readonly weight: FloatArray;
  readonly gradient: FloatArray;
  /** Changed in place. */
  readonly state: Readonly<Record<string, FloatArray>>;
}

/**
 * An optimiser, written once: what one update does to one number, over {@link TensorOps}. Class centers read it as numbers,
 * ONNX as nodes of a graph, TensorFlow.js as tensors.
 */
export interface OptimiserRule {
  readonly name: string;
  /** Names of the numbers that it keeps for each parameter. */
  readonly state: readonly string[];
  update<T, M>(ops: TensorOps<T, M>, input: UpdateInput<T>): UpdateOutput<T>;
  /** The same in one loop over plain arrays, equal to the formula to the bit; for rules that have one. */
  readonly updateArray?: (update: ArrayUpdate) => void;
}
