import type { Communicator } from '@cf/core';
import type { Node } from '../../model/model.ts';
import type { TensorData } from '../../model/tensor.ts';
import type { OneDnnApi } from './api.ts';
import type { ProgramWriter } from './program-writer.ts';
import type { Value } from './storage.ts';

/** A node as it is written into a program: its inputs and outputs by their places. */
export interface Layer {
  readonly api: OneDnnApi;
  readonly program: ProgramWriter;
  readonly node: Node;
  /** Over whose pictures together statistics of the batch are taken; of this batch alone where there are none. */
  readonly ranks: Communicator | undefined;
  /** Sizes of an input. */
  dims(index: number): readonly number[];
  /** Sizes of the first output. */
  readonly outputDims: readonly number[];
  /** Whether the node has an input there. */
  has(index: number): boolean;
  input(index: number): Value;
  /** The numbers of an input that never change; `undefined` where it is none. */
  constant(index: number): TensorData | undefined;
  /** Numbers that never change, as a tensor. */
  fixed(dims: readonly number[], data: Float32Array): Value;
  /** Whether gradients flow into an input. */
  flowsTo(index: number): boolean;
  /** Sizes of an output. */
  dimsOfOutput(index: number): readonly number[];
  /** Says what an output is, the first by default. */
  output(value: Value, index?: number): void;
  /**
   * What to write on the way back, given the gradients of the outputs. Not called where none flows; the first is there
   * where the node has one output.
   */
  onBackward(write: (gradient: Value, all: readonly (Value | undefined)[]) => void): void;
  /** Adds to the gradient of an input. */
  gradient(index: number, value: Value): void;
  /** That sizes are not such as are known here: throw it. */
  refused(expected: string): Error;
  /** The statistics of the batch, [C] each, of the normalisation that carries on these running ones. */
  statistics(of: BatchStatistics): void;
}

/** What a normalisation saw of its batch. */
export interface BatchStatistics {
  readonly mean: Value;
  /** Biased, as it normalises. */
  readonly variance: Value;
  readonly channels: number;
  /** Values of a channel, once the way forward has passed. */
  count(): number;
}

/** How a kind of node is written. */
export interface LayerRule {
  /** What of a use is not known here; `undefined` where all is. It is asked before anything is written. */
  readonly refusal?: (layer: LayerUse) => string | undefined;
  readonly write: (layer: Layer) => void;
}

/** What is known of a node before sizes are. */
export interface LayerUse {
  readonly node: Node;
  /** How many axes an input has, if that is known. */
  rank(index: number): number | undefined;
  /** Sizes of an input as far as they are known. */
  sizes(index: number): readonly (number | undefined)[] | undefined;
  isConstant(index: number): boolean;
  flowsTo(index: number): boolean;
}
