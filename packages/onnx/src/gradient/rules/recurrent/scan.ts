import { GraphBuilder } from '../../../builder/graph-builder.ts';
import type { Attributes } from '../../../model/attributes.ts';
import { graphOf } from '../../../model/model.ts';
import { createNode } from '../../../model/node.ts';
import { withFields } from '../../../model/with-fields.ts';
import type { GradientGraph } from '../../context.ts';

/** What is carried from step to step, and what a step gives. */
export interface Step {
  readonly states: readonly string[];
  readonly outputs: readonly string[];
}

/** A loop over time. */
export interface ScanOptions {
  /** What the states are before the first step. */
  readonly states: readonly string[];
  /** Values with time as their first axis. */
  readonly inputs: readonly string[];
  /** Whether it goes from the last step to the first; what it gives is in the order of time all the same. */
  readonly isReverse: boolean;
  /** Writes one step. */
  readonly step: (body: StepGraph, states: readonly string[], inputs: readonly string[]) => Step;
}

/** What a step reads and gives: onnxruntime wants the ranks. */
const MATRIX = [undefined, undefined];

/** The nodes of one step, which may read what is outside. */
export class StepGraph {
  readonly #builder: GraphBuilder;
  readonly #prefix: string;
  readonly #outside: Set<string> = new Set();
  readonly #type: 'float32' | 'float64';
  #count: number = 0;

  constructor(opset: number, prefix: string, type: 'float32' | 'float64') {
    this.#builder = new GraphBuilder({ name: prefix, opset });
    this.#prefix = prefix;
    this.#type = type;
  }

  input(): string {
    return this.#builder.input(this.#fresh(), this.#type, MATRIX);
  }

  /** A value of the graph around. */
  outside(name: string): string {
    if (!this.#outside.has(name)) this.#builder.input(name, this.#type);
    this.#outside.add(name);
    return name;
  }

  op(operator: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const outputs = [this.#fresh()];
    return this.#builder.node(operator, inputs, attributes, { outputs, name: outputs[0]! })[0]!;
  }

  split(value: string, count: number, widths: string): readonly string[] {
    const outputs = Array.from({ length: count }, () => this.#fresh());
    return this.#builder.node(
      'Split',
      [value, widths],
      { axis: { int: -1 } },
      { outputs, name: outputs[0]! },
    );
  }

  /** The body, with these outputs; each a value of its own. */
  build(outputs: readonly string[]): ReturnType<typeof graphOf> {
    for (const output of outputs) this.#builder.output(this.op('Identity', [output]), this.#type, MATRIX);
    const graph = graphOf(this.#builder.build());
    return withFields(graph, { input: graph.input.filter(({ name }) => !this.#outside.has(name)) });
  }

  #fresh(): string {
    return `${this.#prefix}/${this.#count++}`;
  }
}

/** Writes a loop over time; returns the last states, then what the steps gave, one beside the other in time. */
export function scan(graph: GradientGraph, { states, inputs, isReverse, step }: ScanOptions): Step {
  const prefix = graph.freshName('grad/scan');
  const body = new StepGraph(graph.opset, prefix, graph.floatType(states[0]!));
  const given = states.map(() => body.input());
  const elements = inputs.map(() => body.input());
  const result = step(body, given, elements);
  const outputs = [prefix, ...result.states.slice(1).map((_, i) => `${prefix}/state_${i + 1}`)];
  const results = result.outputs.map((_, i) => `${prefix}/output_${i}`);
  const direction = (values: readonly string[]): { ints: number[] } => ({
    ints: values.map(() => (isReverse ? 1 : 0)),
  });
  graph.add(
    createNode(prefix, 'Scan', [...states, ...inputs], [...outputs, ...results], {
      body: { graph: body.build([...result.states, ...result.outputs]) },
      num_scan_inputs: { int: inputs.length },
      scan_input_directions: direction(inputs),
      scan_output_directions: direction(results),
    }),
  );
  for (const name of results) graph.values.set(name, undefined, [undefined, undefined, undefined]);
  return { states: outputs, outputs: results };
}
