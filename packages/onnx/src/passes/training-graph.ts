import { GraphBuilder } from '../builder/graph-builder.ts';
import { UnsupportedOperatorError } from '../errors.ts';
import type { Attributes } from '../model/attributes.ts';
import { graphOf, type Model, type Node, nodeName, type Shape } from '../model/model.ts';
import { createNode } from '../model/node.ts';
import { withFields } from '../model/with-fields.ts';
import { type ValueTable, valueTable } from '../shapes/value-table.ts';
import { GraphIndex } from './graph-index.ts';

/** Writes a training graph from an inference graph; what it names anew, neither of them has a value of. */
export class TrainingGraph {
  /** The inference graph's nodes and constants. */
  readonly index: GraphIndex;
  readonly #builder: GraphBuilder;
  readonly #values: ValueTable;
  readonly #taken: Set<string>;

  /**
   * @param model the inference model
   * @param promoted constants that become inputs
   */
  constructor(model: Model, promoted: ReadonlySet<string>, output: string) {
    const graph = graphOf(model);
    this.index = new GraphIndex(graph);
    this.#values = valueTable(model);
    // Files of old versions list weights among the inputs too: they are constants here all the same.
    const constants = new Set(graph.initializer.map(({ name }) => name));
    const base = withFields(graph, {
      node: [],
      input: graph.input.filter(({ name }) => !constants.has(name)),
      output: graph.output.filter(({ name }) => name === output),
      initializer: graph.initializer.filter(({ name }) => !promoted.has(name)),
    });
    this.#builder = new GraphBuilder({}, withFields(model, { graph: base }));
    this.#taken = new Set([...constants, ...graph.node.flatMap((node) => node.output)]);
  }

  shape(value: string): Shape | undefined {
    return this.#values.shape(value);
  }

  /** A name that neither graph has, near to `hint`. */
  freshName(hint: string): string {
    let name = this.#builder.uniqueName(hint);
    while (this.#taken.has(name)) name = this.#builder.uniqueName(`${name}_`);
    return name;
  }

  input(name: string, shape: Shape): string {
    return this.#builder.input(name, 'float32', shape);
  }

  output(name: string, shape: Shape): void {
    this.#builder.output(name, 'float32', shape);
  }

  /** Adds a node as it is. */
  add(node: Node): void {
    this.#builder.add(node);
  }

  /** Adds a node with one output of a fresh name near to `hint`. */
  op(hint: string, operator: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const name = this.freshName(hint);
    this.add(createNode(name, operator, inputs, [name], attributes));
    return name;
  }

  scalar(hint: string, value: number): string {
    const data = Float32Array.of(value);
    return this.#builder.initializer(this.freshName(hint), { type: 'float32', dims: [], data });
  }

  build(): Model {
    return this.#builder.build();
  }
}

/** The error of a node that has no training form. */
export function noTrainingForm(node: Node, expected: string, fix: string): UnsupportedOperatorError {
  return new UnsupportedOperatorError(nodeName(node), node.opType, expected, fix);
}
