import { type Graph, type Node, subgraphsOf } from './model.ts';

/** Names of the values that a node reads: its inputs, and what its subgraphs take from outside. */
export function readValues(node: Node): readonly string[] {
  return [...node.input, ...subgraphsOf(node).flatMap(readFromOutside)].filter((name) => name !== '');
}

/** Names of the values that a subgraph takes from around it. */
export function readFromOutside(graph: Graph): readonly string[] {
  const own = ownValues(graph);
  const read = [...graph.node.flatMap(readValues), ...graph.output.map(({ name }) => name)];
  return read.filter((name) => !own.has(name));
}

/** Names of the values that a graph has of its own: inputs, constants and what its nodes give. */
export function ownValues(graph: Graph): ReadonlySet<string> {
  return new Set([
    ...[...graph.input, ...graph.initializer].map(({ name }) => name),
    ...graph.node.flatMap(({ output }) => output),
  ]);
}
