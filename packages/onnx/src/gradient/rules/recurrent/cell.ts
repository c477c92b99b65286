import type { Activation } from './activations.ts';
import type { StepGraph } from './scan.ts';

/** What is the same at every step of a direction; names of values of the graph around. */
export interface CellWeights {
  /** R, [gates · H, H], and the parts of it by gate, [H, H]. */
  readonly recurrent: string;
  readonly recurrentParts: readonly string[];
  /** Bias of R, [gates · H], and its parts by gate; added already, but for what a gate multiplies. */
  readonly biasParts: readonly string[];
  /** Peepholes, [H], if there are any. */
  readonly peepholes: readonly string[] | undefined;
  /** The number 1. */
  readonly one: string;
  /** The width of every gate. */
  readonly widths: string;
  readonly activations: readonly Activation[];
}

/** A step forward: its states, and what the way back reads of it. */
export interface CellStep {
  /** New states, the hidden one first: [N, H] each. */
  readonly states: readonly string[];
  /** Gates side by side, [N, gates · H]. */
  readonly saved: string;
}

/** A step backward. */
export interface CellGradient {
  /** Gradients of the states before the step. */
  readonly states: readonly string[];
  /** Gradient of what X gives to the gates, [N, gates · H]. */
  readonly fromInput: string;
  /** Gradient of what the state before gives to the gates, [N, gates · H]. */
  readonly fromState: string;
}

/** A recurrent cell: one step of it each way. */
export interface Cell {
  readonly gates: number;
  readonly states: number;
  readonly activations: readonly string[];
  /** @param pre X · Wᵀ with biases, [N, gates · H] */
  readonly forward: (body: StepGraph, w: CellWeights, pre: string, states: readonly string[]) => CellStep;
  /**
   * @param before states before the step
   * @param after states after the step
   * @param gradients of the states after the step
   */
  readonly backward: (
    body: StepGraph,
    w: CellWeights,
    step: {
      readonly saved: string;
      readonly before: readonly string[];
      readonly after: readonly string[];
      readonly gradients: readonly string[];
    },
  ) => CellGradient;
}

/** x · Rᵀ. */
export function timesTransposed(body: StepGraph, x: string, matrix: string): string {
  return body.op('Gemm', [x, body.outside(matrix)], { transB: { int: 1 } });
}

/** x · R. */
export function times(body: StepGraph, x: string, matrix: string): string {
  return body.op('MatMul', [x, body.outside(matrix)]);
}

/** Gates side by side. */
export function joined(body: StepGraph, gates: readonly string[]): string {
  return gates.length === 1 ? gates[0]! : body.op('Concat', gates, { axis: { int: -1 } });
}
