import { GraphBuilder } from '../../builder/graph-builder.ts';
import { int64List } from '../../model/integers.ts';
import { type Graph, graphOf, isOperator, type Model, type Node } from '../../model/model.ts';
import { readValues } from '../../model/read-values.ts';
import { declaredShape } from '../../model/value-info.ts';

/**
 * The nodes in the order in which onnxruntime runs them: depth first from those that nobody reads, the last one of the
 * file first, and of what a node reads the latest one of the file first.
 */
export function runOrder({ node: nodes }: Graph): readonly Node[] {
  const index = new Map(nodes.map((node, i) => [node, i]));
  const maker = makersOf(nodes);
  const read = new Set(nodes.flatMap((node) => readValues(node)));
  const order: Node[] = [];
  const visited = new Set<Node>();
  const stack = nodes
    .filter(({ output }) => !output.some((name) => read.has(name)))
    .map((node) => ({ node, isDone: false }));
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { node, isDone } = top;
    if (isDone) order.push(node);
    if (isDone || visited.has(node)) continue;
    visited.add(node);
    stack.push({ node, isDone: true });
    const before = new Set(readValues(node).flatMap((name) => maker.get(name) ?? []));
    for (const one of [...before].sort((a, b) => index.get(a)! - index.get(b)!))
      if (!visited.has(one)) stack.push({ node: one, isDone: false });
  }
  return order;
}

/**
 * A way back whose nodes stand so that a runtime computes them layer by layer, from the last to the first, and what is
 * computed again only when its layer has come. As rules write it, gradients of inputs come first through the whole
 * network, and everything that gradients of weights read waits.
 *
 * @param seed where it begins
 */
export function layerByLayer(model: Model, seed: string): Model {
  const builder = GraphBuilder.rewrite(model);
  const graph = graphOf(model);
  const shapes = new Map(graph.output.map((info) => [info.name, declaredShape(info)]));
  const isLast = (node: Node): boolean => node.output.some((name) => shapes.has(name));
  const seeded = seededNodes(graph.node, seed);
  const others = graph.node.filter((node) => !isLast(node));
  for (const node of others) if (!seeded.has(node)) builder.add(node);
  for (const node of others) if (seeded.has(node)) builder.add(node);
  const maker = makersOf(graph.node);
  for (const name of shapes.keys()) {
    const node = maker.get(name)!;
    const shape = shapes.get(name);
    const isFixed = shape?.every((dim) => typeof dim === 'number') === true;
    // What only names an output an optimiser takes away, and the place with it.
    if (!isOperator(node, 'Identity') || !isFixed) builder.add(node);
    else {
      const dims = builder.constant(int64List(shape as readonly number[]));
      builder.op('Reshape', [node.input[0]!, dims], {}, { outputs: [name], name: node.name });
    }
  }
  return builder.build();
}

/** Nodes that depend on the seed. */
export function seededNodes(nodes: readonly Node[], seed: string): ReadonlySet<Node> {
  const dependent = new Set([seed]);
  const seeded = new Set<Node>();
  for (const node of nodes) {
    if (!readValues(node).some((name) => dependent.has(name))) continue;
    seeded.add(node);
    for (const output of node.output) dependent.add(output);
  }
  return seeded;
}

function makersOf(nodes: readonly Node[]): ReadonlyMap<string, Node> {
  return new Map(
    nodes.flatMap((node) => node.output.filter((name) => name !== '').map((name) => [name, node])),
  );
}
