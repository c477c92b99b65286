import { AttributeProto_AttributeType as Kind } from '../model/messages/onnx_pb.js';
import { type Attribute, type Graph, type Node, subgraphsOf, type TensorProtoValue } from '../model/model.ts';
import { createNode } from '../model/node.ts';
import { ownValues } from '../model/read-values.ts';
import { withFields } from '../model/with-fields.ts';

/** What stands inside one node: a branch of If, or a function of the model. */
export interface Body {
  readonly nodes: readonly Node[];
  readonly initializers: readonly TensorProtoValue[];
  /** Names inside of the node's outputs. */
  readonly outputs: readonly string[];
  /** Names outside of what goes in, by their names inside. */
  readonly inputs: ReadonlyMap<string, string>;
}

/** Names in use around a body. */
export interface Taken {
  readonly values: Set<string>;
  readonly nodes: Set<string>;
}

/** A body in the place of its node. */
export interface InlinedBody {
  readonly nodes: readonly Node[];
  readonly initializers: readonly TensorProtoValue[];
}

/**
 * The nodes of a body under names that are free outside: the outputs take those of the node, others keep theirs where
 * nothing else has it. What the body reads from outside keeps its name.
 *
 * @param taken names in use, which this adds to
 */
export function inlinedBody(body: Body, outputs: readonly string[], taken: Taken): InlinedBody {
  const names = new Map(body.inputs);
  const given = new Set<string>();
  const computed = new Set(body.nodes.flatMap(({ output }) => output));
  body.outputs.forEach((inside, i) => {
    const outside = outputs[i] ?? '';
    if (outside === '' || given.has(inside) || !computed.has(inside)) return;
    names.set(inside, outside);
    given.add(inside);
  });
  for (const name of [...body.initializers.map((tensor) => tensor.name), ...computed]) {
    if (name !== '' && !given.has(name)) names.set(name, freeName(name, taken.values));
  }
  const nodes = body.nodes.map((node) => {
    const name = node.name === '' ? '' : freeName(node.name, taken.nodes);
    return withFields(renamedNode(node, names), { name });
  });
  body.outputs.forEach((inside, i) => {
    const outside = outputs[i] ?? '';
    const value = names.get(inside) ?? inside;
    if (outside !== '' && value !== outside)
      nodes.push(createNode(freeName(outside, taken.nodes), 'Identity', [value], [outside]));
  });
  const initializers = body.initializers.map((tensor) =>
    withFields(tensor, { name: names.get(tensor.name)! }),
  );
  return { nodes, initializers };
}

/** Names in use in a graph. */
export function takenIn(graph: Graph): Taken {
  return { values: new Set(namesIn(graph)), nodes: new Set(graph.node.map(({ name }) => name)) };
}

/** All names of values in a graph and in the graphs inside it. */
export function namesIn(graph: Graph): string[] {
  return [
    ...[...graph.input, ...graph.initializer, ...graph.output].map(({ name }) => name),
    ...graph.node.flatMap((node) => [...node.output, ...subgraphsOf(node).flatMap(namesIn)]),
  ];
}

/** A name near to `hint` that nothing has. @param taken takes it in */
export function freeName(hint: string, taken: Set<string>): string {
  let name = hint;
  for (let i = 1; taken.has(name); i++) name = `${hint}_${i}`;
  taken.add(name);
  return name;
}

function renamedNode(node: Node, names: ReadonlyMap<string, string>): Node {
  const other = (name: string): string => names.get(name) ?? name;
  const attribute = node.attribute.map((each): Attribute => {
    if (each.type !== Kind.GRAPH && each.type !== Kind.GRAPHS) return each;
    const graphs = each.graphs.map((graph) => renamedGraph(graph, names));
    return withFields(each, { graphs, ...(each.g && { g: renamedGraph(each.g, names) }) });
  });
  return withFields(node, { input: node.input.map(other), output: node.output.map(other), attribute });
}

/** A graph inside, of which only what it reads from outside has another name. */
function renamedGraph(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  const own = ownValues(graph);
  const outside = new Map([...names].filter(([name]) => !own.has(name)));
  return withFields(graph, {
    node: graph.node.map((node) => renamedNode(node, outside)),
    output: graph.output.map((info) => withFields(info, { name: outside.get(info.name) ?? info.name })),
  });
}
