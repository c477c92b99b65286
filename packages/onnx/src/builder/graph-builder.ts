import { create } from '@bufbuild/protobuf';
import { type OptionNames, requireKnownOptions } from '@cf/core';
import { OnnxGraphError } from '../errors.ts';
import type { Attributes } from '../model/attributes.ts';
import type { ElementType } from '../model/element-type.ts';
import { ModelProtoSchema } from '../model/messages/onnx_pb.js';
import {
  type Graph,
  graphOf,
  type Model,
  type Node,
  nodeName,
  type Shape,
  type TensorProtoValue,
  type ValueInfo,
} from '../model/model.ts';
import { createNode } from '../model/node.ts';
import { DEFAULT_OPSET, opsetOf } from '../model/opset.ts';
import { createTensor, type TensorData } from '../model/tensor.ts';
import { createValueInfo } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';

/** The IR version of models built here, the one of opset 17. */
const IR_VERSION = 8;

/** What a new model says of itself. */
export interface GraphBuilderOptions {
  /** Name of the graph; `graph` by default. */
  readonly name?: string;
  /** Version of the standard operators; 17 by default. */
  readonly opset?: number;
}

const OPTIONS: OptionNames<GraphBuilderOptions> = { name: true, opset: true };

/** Where a node differs from a standard operator with one output of a fresh name. */
export interface NodeOptions {
  /** Name of the node; unique, made from the operator by default. */
  readonly name?: string;
  /** Names of the outputs; one fresh name by default. */
  readonly outputs?: readonly string[];
  /** Domain of the operator; the standard one by default. */
  readonly domain?: string;
}

/**
 * Builds a graph node by node. A value is known by its name: methods return the names that the next ones take.
 * A name can be made only once and must exist before it is used, so what is built is acyclic and in order.
 */
export class GraphBuilder {
  readonly #base: Model;
  readonly #nodes: Node[];
  readonly #inputs: ValueInfo[];
  readonly #outputs: ValueInfo[];
  readonly #initializers: TensorProtoValue[];
  readonly #values: Set<string>;
  readonly #nodeNames: Set<string>;
  readonly #reserved: ReadonlySet<string>;
  readonly #counters: Map<string, number> = new Map();

  /**
   * @param base what is there already
   * @param reserved names that fresh ones keep clear of, beside those of `base`
   */
  constructor(
    options: GraphBuilderOptions = {},
    base: Model = emptyModel(options),
    reserved: Iterable<string> = [],
  ) {
    requireKnownOptions('GraphBuilder', options, OPTIONS);
    const graph = graphOf(base);
    this.#base = base;
    this.#reserved = new Set(reserved);
    this.#nodes = [...graph.node];
    this.#inputs = [...graph.input];
    this.#outputs = [...graph.output];
    this.#initializers = [...graph.initializer];
    this.#nodeNames = new Set(graph.node.map((node) => node.name));
    this.#values = new Set(['', ...graph.node.flatMap((node) => node.output)]);
    for (const { name } of [...graph.input, ...graph.initializer]) this.#values.add(name);
    for (const sparse of graph.sparseInitializer) this.#values.add(sparse.values?.name ?? '');
  }

  /** A builder that goes on where a model ends; the model itself stays as it is. */
  static extend(model: Model): GraphBuilder {
    return new GraphBuilder({}, model);
  }

  /** A builder that writes a model's nodes anew: it has none yet, and fresh names are no names of old values and nodes. */
  static rewrite(model: Model, changes: Partial<Graph> = {}): GraphBuilder {
    const graph = graphOf(model);
    const base = withFields(model, { graph: withFields(graph, { ...changes, node: [] }) });
    return new GraphBuilder(
      {},
      base,
      graph.node.flatMap(({ name, output }) => [name, ...output]),
    );
  }

  /** Version of the standard operators. */
  get opset(): number {
    return opsetOf(this.#base);
  }

  /** Whether a value of that name exists. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /**
   * Declares an input.
   *
   * @throws OnnxGraphError if the name is taken
   */
  input(name: string, type: ElementType, shape?: Shape): string {
    this.#inputs.push(createValueInfo(this.#define(name), type, shape));
    return name;
  }

  /**
   * Makes a value an output of the graph.
   *
   * @throws OnnxGraphError if there is no such value, or it is an output already
   */
  output(name: string, type: ElementType, shape?: Shape): string {
    this.#require(name, 'the outputs');
    if (this.#outputs.some((output) => output.name === name)) {
      throw new OnnxGraphError(`output '${name}' twice`, 'every output once', 'leave the second one out.');
    }
    this.#outputs.push(createValueInfo(name, type, shape));
    return name;
  }

  /**
   * Adds a constant under a name of its own, such as a weight.
   *
   * @throws OnnxGraphError if the name is taken, or the data does not fill the shape
   */
  initializer(name: string, tensor: TensorData): string {
    this.addInitializer(createTensor(name, tensor));
    return name;
  }

  /**
   * Adds a constant as it is.
   *
   * @throws OnnxGraphError if its name is taken
   */
  addInitializer(tensor: TensorProtoValue): void {
    this.#define(tensor.name);
    this.#initializers.push(tensor);
  }

  /** Adds a constant under a fresh name. */
  constant(tensor: TensorData, hint: string = 'constant'): string {
    return this.initializer(this.uniqueName(hint), tensor);
  }

  /**
   * Adds a node with one output and returns the output's name. An input that is left out is `''`.
   *
   * @throws OnnxGraphError if an input does not exist
   */
  op(
    operator: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    options: NodeOptions = {},
  ): string {
    return this.node(operator, inputs, attributes, options)[0]!;
  }

  /**
   * Adds a node and returns the names of its outputs.
   *
   * @throws OnnxGraphError if an input does not exist, or an output's name is taken
   */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    options: NodeOptions = {},
  ): readonly string[] {
    const outputs = options.outputs ?? [this.uniqueName(operator.toLowerCase())];
    const name = options.name ?? this.#unique(operator, this.#nodeNames, this.#reserved);
    this.add(createNode(name, operator, inputs, outputs, attributes, options.domain));
    return outputs;
  }

  /**
   * Adds a node as it is.
   *
   * @throws OnnxGraphError if an input does not exist, or an output's name is taken
   */
  add(node: Node): void {
    for (const input of node.input) this.#require(input, `node '${nodeName(node)}' (${node.opType})`);
    for (const output of node.output) if (output !== '') this.#define(output);
    this.#nodeNames.add(node.name);
    this.#nodes.push(node);
  }

  /** A value name that is still free, near to `hint`. */
  uniqueName(hint: string): string {
    return this.#unique(hint, this.#values, this.#reserved);
  }

  /** The model as it stands. */
  build(): Model {
    const graph = withFields(graphOf(this.#base), {
      node: [...this.#nodes],
      input: [...this.#inputs],
      output: [...this.#outputs],
      initializer: [...this.#initializers],
    });
    return withFields(this.#base, { graph });
  }

  #unique(hint: string, ...taken: readonly ReadonlySet<string>[]): string {
    const isTaken = (name: string): boolean => taken.some((names) => names.has(name));
    if (hint !== '' && !isTaken(hint)) return hint;
    for (let i = this.#counters.get(hint) ?? 1; ; i++) {
      const name = `${hint}_${i}`;
      if (isTaken(name)) continue;
      this.#counters.set(hint, i);
      return name;
    }
  }

  #define(name: string): string {
    if (name === '' || this.#values.has(name)) {
      throw new OnnxGraphError(
        name === '' ? 'a value without a name' : `a second value '${name}'`,
        'a name of its own for every value',
        'take a fresh one from uniqueName().',
      );
    }
    this.#values.add(name);
    return name;
  }

  #require(name: string, where: string): void {
    if (this.#values.has(name)) return;
    throw new OnnxGraphError(
      `'${name}' in ${where}`,
      'an input, an initializer or an output of an earlier node',
      'add what computes it first.',
    );
  }
}

function emptyModel({ name = 'graph', opset = DEFAULT_OPSET }: GraphBuilderOptions): Model {
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    producerName: '@cf/onnx',
    opsetImport: [{ domain: '', version: BigInt(opset) }],
    graph: { name },
  });
  opsetOf(model);
  return model;
}
