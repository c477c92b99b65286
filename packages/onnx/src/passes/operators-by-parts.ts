import { GraphBuilder } from '../builder/graph-builder.ts';
import { NodeWriter } from '../builder/node-writer.ts';
import { createAttribute, floatAttribute, intAttribute } from '../model/attributes.ts';
import { graphOf, isOperator, type Model, type Node, nodeName } from '../model/model.ts';
import { createNode } from '../model/node.ts';
import { withFields } from '../model/with-fields.ts';
import { ValueTable } from '../shapes/value-table.ts';

/**
 * Writes operators that providers beside the processor lack by others, which give the same numbers: a normalisation in
 * training as the batch's mean and (population) variance and a normalisation by those, since webgpu opens the operator
 * and fails when it runs; SpaceToDepth as moved axes, since webgpu leaves it to the processor, with copies there and back.
 */
export function withOperatorsByParts(model: Model): Model {
  const { node: nodes } = graphOf(model);
  if (!nodes.some((node) => isInTraining(node) || isOperator(node, 'SpaceToDepth'))) return model;
  const builder = GraphBuilder.rewrite(model);
  const values = new ValueTable(model);
  for (const node of nodes) {
    const graph = new NodeWriter(builder, values, nodeName(node));
    if (isInTraining(node)) addNormalisation(graph, node);
    else if (!addSpaceToDepth(graph, node)) builder.add(node);
  }
  return builder.build();
}

function isInTraining(node: Node): boolean {
  return isOperator(node, 'BatchNormalization') && intAttribute(node, 'training_mode', 0) === 1;
}

function addNormalisation(graph: NodeWriter, node: Node): void {
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

/** Blocks of size² pixels become channels; only where all sizes but the batch are known. @returns whether it was added */
function addSpaceToDepth(graph: NodeWriter, node: Node): boolean {
  if (!isOperator(node, 'SpaceToDepth')) return false;
  const [x = ''] = node.input;
  const [, channels, height, width] = graph.shape(x) ?? [];
  const size = intAttribute(node, 'blocksize', 0);
  if (typeof channels !== 'number' || typeof height !== 'number' || typeof width !== 'number') return false;
  const [rows, columns] = [height / size, width / size];
  const reshape = (value: string, dims: readonly number[]): string =>
    graph.op('Reshape', [value, graph.integerList(dims)]);
  const blocks = reshape(x, [-1, channels, rows, size, columns, size]);
  const moved = graph.transpose(blocks, [0, 3, 5, 1, 2, 4]);
  const shape = graph.integerList([-1, channels * size ** 2, rows, columns]);
  graph.add(createNode(node.name, 'Reshape', [moved, shape], node.output));
  return true;
}
