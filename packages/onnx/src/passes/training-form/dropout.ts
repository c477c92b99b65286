import { attributeOf } from '../../model/attributes.ts';
import { int64List } from '../../model/integers.ts';
import {
  type Dimension,
  graphOf,
  isOperator,
  type Model,
  type Node,
  nodeName,
  unsupported,
} from '../../model/model.ts';
import { createNode } from '../../model/node.ts';
import { readTensor } from '../../model/tensor.ts';
import type { TrainingGraph } from './training-graph.ts';

/** An input that says what dropout keeps: 1 / (1 − ratio) where a feature stays, 0 where it goes. */
export interface DropoutMask {
  /** Name of the input, of shape [B, …sample]. */
  readonly name: string;
  /** Share that goes. */
  readonly ratio: number;
  /** Dimensions after the batch. */
  readonly sample: readonly number[];
}

/** Ratios that nodes hold as attributes, as before opset 12, by the name of the output. */
export function dropoutAttributes(model: Model): ReadonlyMap<string, number> {
  const ratios = new Map<string, number>();
  for (const node of graphOf(model).node) {
    const ratio = isOperator(node, 'Dropout') ? attributeOf(node, 'ratio') : undefined;
    if (ratio !== undefined) ratios.set(node.output[0]!, ratio.f);
  }
  return ratios;
}

/**
 * Adds a dropout as a product with a mask that is an input, so that whoever runs the graph decides on it.
 *
 * @param attributes ratios from attributes of the model as it was, by output
 * @throws UnsupportedOperatorError if its ratio or its shape is not known before it runs
 */
export function addDropout(
  graph: TrainingGraph,
  node: Node,
  attributes: ReadonlyMap<string, number>,
): readonly DropoutMask[] {
  const [x, y] = [node.input[0]!, node.output[0]!];
  const ratio = attributes.get(y) ?? ratioOf(graph, node);
  if (ratio === 0) {
    graph.builder.add(createNode(nodeName(node), 'Identity', [x], [y]));
    return [];
  }
  const shape = graph.values.shape(x);
  const rows = rowsOfSample(shape?.[0], graph.batch);
  const rest = shape?.slice(1);
  if (rows === undefined || !rest?.every((dim) => typeof dim === 'number'))
    throw unsupported(
      node,
      'a value whose shape follows from that of the input, but for the batch',
      'export the model with a fixed height and width.',
    );
  const name = graph.builder.uniqueName(`mask/${nodeName(node)}`);
  const sample = rows === 1 ? rest : [rows, ...rest];
  graph.builder.input(name, 'float32', [graph.batch, ...sample]);
  const mask =
    rows === 1 ? name : graph.builder.op('Reshape', [name, graph.builder.constant(int64List([-1, ...rest]))]);
  graph.builder.add(createNode(nodeName(node), 'Mul', [x, mask], [y]));
  return [{ name, ratio, sample }];
}

/** Rows that a sample has along the first axis, as where heads of attention are folded into the batch. */
function rowsOfSample(rows: Dimension, batch: Dimension): number | undefined {
  if (typeof batch !== 'string') return 1;
  if (typeof rows === 'number') return undefined;
  const factor = rows?.endsWith(`*${batch}`) ? Number(rows.slice(0, -batch.length - 1)) : 1;
  return Number.isSafeInteger(factor) ? factor : undefined;
}

function ratioOf(graph: TrainingGraph, node: Node): number {
  const input = node.input[1] ?? '';
  if (input === '') return 0.5;
  const tensor = graph.index.constant(input);
  const ratio = tensor === undefined ? undefined : Number(readTensor(tensor).data[0]);
  if (ratio !== undefined && ratio >= 0 && ratio < 1) return ratio;
  throw unsupported(node, 'a constant ratio, 0 ≤ ratio < 1', 'export the model with a fixed ratio.');
}
