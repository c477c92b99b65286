import { GraphBuilder } from '../builder/graph-builder.ts';
import { NodeWriter } from '../builder/node-writer.ts';
import { createAttribute, floatAttribute, intAttribute } from '../model/attributes.ts';
import { graphOf, isOperator, type Model, type Node, nodeName } from '../model/model.ts';
import { createNode } from '../model/node.ts';
import { withFields } from '../model/with-fields.ts';
import { ValueTable } from '../shapes/value-table.ts';

/**
 * Writes every normalisation in training as the batch's mean and (population) variance, and a normalisation by those:
 * the same numbers, for providers that lack the operator's training mode, as webgpu does.
 */
export function withNormalisationsByParts(model: Model): Model {
  const { node: nodes } = graphOf(model);
  if (!nodes.some(isInTraining)) return model;
  const builder = GraphBuilder.rewrite(model);
  const values = new ValueTable(model);
  for (const node of nodes) {
    if (isInTraining(node)) addByParts(new NodeWriter(builder, values, nodeName(node)), node);
    else builder.add(node);
  }
  return builder.build();
}

function isInTraining(node: Node): boolean {
  return isOperator(node, 'BatchNormalization') && intAttribute(node, 'training_mode', 0) === 1;
}

function addByParts(graph: NodeWriter, node: Node): void {
  const [x = '', scale = '', shift = '', mean = '', variance = ''] = node.input;
  const [y = '', ...next] = node.output;
  const momentum = floatAttribute(node, 'momentum', 0.9);
  const channels = graph.op('Reshape', [x, graph.integerList([0, 0, -1])]);
  // Positions first: [N, C, P] → [1, C, 1].
  const meanOf = (value: string): string => graph.reduceMean(graph.reduceMean(value, [2]), [0]);
  const vector = (value: string): string => graph.op('Reshape', [value, graph.integerList([-1])]);
  const middle = meanOf(channels);
  const centered = graph.op('Sub', [channels, middle]);
  const statistics = [vector(middle), vector(meanOf(graph.op('Mul', [centered, centered])))] as const;
  const attribute = [
    ...node.attribute.filter(({ name }) => name !== 'training_mode'),
    createAttribute('training_mode', { int: 0 }),
  ];
  graph.add(withFields(node, { attribute, input: [x, scale, shift, ...statistics], output: [y] }));
  next.forEach((name, i) => {
    if (name === '') return;
    const kept = graph.op('Mul', [[mean, variance][i]!, graph.scalar(momentum, x)]);
    const taken = graph.op('Mul', [statistics[i]!, graph.scalar(1 - momentum, x)]);
    graph.add(createNode(graph.freshName(`${name}/add`), 'Add', [kept, taken], [name]));
  });
}
