import { type Graph, graphOf, type Model, type Node, type ValueInfo } from '../../model/model.ts';
import { readValues } from '../../model/read-values.ts';
import { createValueInfo } from '../../model/value-info.ts';
import { withFields } from '../../model/with-fields.ts';
import { ValueTable } from '../../shapes/value-table.ts';

/** What to keep of a model. */
export interface Part {
  /** Values that the part computes, in the order of its outputs. */
  readonly outputs: readonly string[];
  /** Values that it is given instead of computing them: its first inputs, in this order. */
  readonly given: readonly string[];
  /** Inputs of the model that it takes; those that it reads, if left out. */
  readonly inputs?: readonly string[];
}

/** The nodes and initializers of a model that compute some values from others, as a model. */
export function partOfModel(model: Model, { outputs, given, inputs }: Part): Model {
  const graph = graphOf(model);
  const table = new ValueTable(model);
  const declared = new Map([...graph.input, ...graph.output].map((info) => [info.name, info]));
  const declare = (name: string): ValueInfo =>
    declared.get(name) ?? createValueInfo(name, table.type(name)!, table.shape(name));
  const { nodes, read } = needed(graph, outputs, new Set(given));
  const computed = new Set(nodes.flatMap(({ output }) => output));
  const others = graph.input.filter(
    ({ name }) => !given.includes(name) && (inputs?.includes(name) ?? read.has(name)),
  );
  const part = withFields(graph, {
    node: [...nodes],
    input: [...given.map(declare), ...others],
    output: outputs.map(declare),
    initializer: graph.initializer.filter(({ name }) => read.has(name)),
    sparseInitializer: graph.sparseInitializer.filter(({ values }) => read.has(values?.name ?? '')),
    valueInfo: graph.valueInfo.filter(({ name }) => computed.has(name) && !outputs.includes(name)),
  });
  return withFields(model, { graph: part });
}

function needed(
  graph: Graph,
  outputs: readonly string[],
  given: ReadonlySet<string>,
): { readonly nodes: readonly Node[]; readonly read: ReadonlySet<string> } {
  const read = new Set(outputs);
  const nodes: Node[] = [];
  for (const node of graph.node.toReversed()) {
    if (!node.output.some((name) => read.has(name) && !given.has(name))) continue;
    for (const name of readValues(node)) read.add(name);
    nodes.push(withoutGiven(node, given));
  }
  return { nodes: nodes.reverse(), read };
}

/** A node may compute one value that is needed and another that is given: the second gets a name that nobody reads. */
function withoutGiven(node: Node, given: ReadonlySet<string>): Node {
  if (!node.output.some((name) => given.has(name))) return node;
  return withFields(node, { output: node.output.map((name) => (given.has(name) ? `${name}/again` : name)) });
}
