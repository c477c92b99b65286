import { unknownName } from '../errors.ts';
import { type Graph, type Node, nodeName, type TensorProtoValue } from '../model/model.ts';
import { constantValue } from '../model/node.ts';
import { readValues } from '../model/read-values.ts';

/** Finds the nodes and constants of a graph by the values that they give. */
export class GraphIndex {
  readonly #producers: Map<string, Node> = new Map();
  readonly #constants: Map<string, TensorProtoValue> = new Map();
  readonly #initializers: ReadonlySet<string>;

  constructor(graph: Graph) {
    this.#initializers = new Set(graph.initializer.map(({ name }) => name));
    for (const tensor of graph.initializer) this.#constants.set(tensor.name, tensor);
    for (const node of graph.node) {
      for (const output of node.output) this.#producers.set(output, node);
      const tensor = constantValue(node);
      if (tensor !== undefined) this.#constants.set(node.output[0]!, tensor);
    }
  }

  /** The node that computes a value. */
  producer(value: string): Node | undefined {
    return this.#producers.get(value);
  }

  /** A constant: an initializer, or what a Constant node holds. */
  constant(value: string): TensorProtoValue | undefined {
    return this.#constants.get(value);
  }

  /** Whether a value is an initializer, and not what a Constant node holds. */
  isInitializer(value: string): boolean {
    return this.#initializers.has(value);
  }

  /** The nodes and all that they depend on. */
  withAncestors(nodes: readonly Node[]): ReadonlySet<Node> {
    const found = new Set<Node>();
    const open = [...nodes];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (found.has(node)) continue;
      found.add(node);
      for (const value of readValues(node)) {
        const producer = this.producer(value);
        if (producer !== undefined) open.push(producer);
      }
    }
    return found;
  }
}

/**
 * The node of that name, or the one that gives the value of that name.
 *
 * @throws OnnxGraphError if there is none; the nearest name is suggested
 */
export function requireNode(graph: Graph, name: string): Node {
  const node =
    graph.node.find((candidate) => candidate.name === name) ??
    graph.node.find((candidate) => candidate.output.includes(name));
  if (node !== undefined && name !== '') return node;
  const expected = `a node among the ${graph.node.length} of the model`;
  const fix = 'list the names of the nodes with a viewer of ONNX files.';
  throw unknownName(`node '${name}'`, expected, { name, names: graph.node.map(nodeName), fix });
}
