import { OnnxGraphError } from '../errors.ts';
import { graphOf, type Model, type Node, nodeName } from '../model/model.ts';
import { readValues } from '../model/read-values.ts';
import { withFields } from '../model/with-fields.ts';

/**
 * The model with every node behind those that it reads from, as the standard asks and runtimes do not. Where they are in
 * order, it is the same object; nodes that wait for each other stay where they are.
 *
 * @throws OnnxGraphError for two values of one name: which one is meant, runtimes do not agree on
 */
export function inOrder(model: Model): Model {
  const graph = graphOf(model);
  const producers = new Map<string, Node>();
  for (const node of graph.node)
    for (const output of node.output) {
      if (output !== '' && producers.has(output)) throw givenTwice(output, `node '${nodeName(node)}'`);
      producers.set(output, node);
    }
  const constants = new Set<string>();
  for (const { name } of graph.initializer) {
    if (name !== '' && (constants.has(name) || producers.has(name))) throw givenTwice(name, 'an initializer');
    constants.add(name);
  }
  const node = inTopologicalOrder(graph.node, producers);
  if (node.every((each, i) => each === graph.node[i])) return model;
  return withFields(model, { graph: withFields(graph, { node }) });
}

function givenTwice(name: string, by: string): OnnxGraphError {
  return new OnnxGraphError(
    `a second value '${name}', of ${by}`,
    'a name of its own for every value',
    'export the model again.',
  );
}

/** Each node right behind the last one that it waits for; all others as they were. */
function inTopologicalOrder(nodes: readonly Node[], producers: ReadonlyMap<string, Node>): Node[] {
  const ordered = new Set<Node>();
  const begun = new Set<Node>();
  for (const first of nodes) {
    const open = [first];
    for (let node = open.at(-1); node !== undefined; node = open.at(-1)) {
      begun.add(node);
      const before = readValues(node).flatMap((value) => producers.get(value) ?? []);
      const next = before.find((each) => !begun.has(each));
      if (next !== undefined) open.push(next);
      else ordered.add(open.pop()!);
    }
  }
  return [...ordered];
}
