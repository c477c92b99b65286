import { type Graph, type Node, subgraphsOf } from './model.ts';

/** Names of the values that a node reads: its inputs, and what its subgraphs take from outside. */
export function readValues(node: Node): readonly string[] {
  return [...node.input, ...subgraphsOf(node).flatMap(readFromOutside)].filter((name) => name !== '');
}

function readFromOutside(graph: Graph): readonly string[] {
  const own = new Set([
    ...graph.input.map(({ name }) => name),
    ...graph.initializer.map(({ name }) => name),
    ...graph.node.flatMap(({ output }) => output),
  ]);
  const read = [...graph.node.flatMap(readValues), ...graph.output.map(({ name }) => name)];
  return read.filter((name) => !own.has(name));
}
