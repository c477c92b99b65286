import type { UnsupportedOperatorError } from '../errors.ts';
import { type Node, unsupported } from '../model/model.ts';
import { withFields } from '../model/with-fields.ts';
import type { GradientGraph } from './context.ts';

/** Writes the gradient with respect to one input, and returns its name. */
export type InputGradient = () => string;

/** How gradients flow back through an operator. */
export interface Rule {
  /** Inputs that gradients flow to; all, if left out. Others (shapes, indices, conditions) cut the path. */
  readonly inputs?: readonly number[];
  /** Outputs that the rule reads; those that a node leaves out are added to it. One, if left out. */
  readonly outputs?: number;
  /** Whether gradients may arrive at other outputs than the first. */
  readonly manyOutputs?: boolean;
  /** Per input, what writes its gradient; only those asked for are called, each once. */
  readonly gradient: (call: RuleCall) => readonly (InputGradient | undefined)[];
}

/** Rules by operator. */
export type Rules = Readonly<Record<string, Rule>>;

/**
 * The rule of an operator through which gradients flow to its first input alone.
 *
 * @param outputs how many the rule reads
 */
export function ofFirst(write: (call: RuleCall) => string, outputs: number = 1): Rule {
  return { inputs: [0], outputs, gradient: (call) => [() => write(call)] };
}

/** One node on the way back. */
export class RuleCall {
  readonly graph: GradientGraph;
  readonly node: Node;
  /** Gradients that arrived, one an output. */
  readonly arrived: readonly (string | undefined)[];

  constructor(graph: GradientGraph, node: Node, arrived: readonly (string | undefined)[]) {
    this.graph = graph;
    this.node = node;
    this.arrived = arrived;
  }

  /** Gradient of the first output. */
  get dy(): string {
    return this.arrived[0]!;
  }

  /** First output. */
  get y(): string {
    return this.node.output[0]!;
  }

  /** First input. */
  get x(): string {
    return this.node.input[0]!;
  }

  input(index: number): string {
    return this.node.input[index]!;
  }

  has(index: number): boolean {
    return this.node.input[index] !== undefined && this.node.input[index] !== '';
  }

  /** The same call of a node with other attributes. */
  withAttributes(attribute: Node['attribute']): RuleCall {
    return new RuleCall(this.graph, withFields(this.node, { attribute }), this.arrived);
  }

  /** Says that this use of the operator has no gradient here. */
  refuse(reason: string): UnsupportedOperatorError {
    return unsupported(
      this.node,
      `a use of ${this.node.opType} that gradients are known for (${reason})`,
      'export the model with another form of it, or take gradients of later layers only.',
    );
  }

  /** Rank of a value. */
  rank(value: string): number {
    const rank = this.graph.shape(value)?.length;
    if (rank === undefined) throw this.refuse(`the rank of '${value}' is not known`);
    return rank;
  }
}
