import { scalar } from '../../formula/scalar.ts';
import { createAttribute, floatAttribute } from '../../model/attributes.ts';
import { elementTypeOf } from '../../model/element-type.ts';
import { type Node, unsupported } from '../../model/model.ts';
import { withFields } from '../../model/with-fields.ts';
import type { GraphIndex } from '../graph-index.ts';
import type { TrainingGraph } from './training-graph.ts';

/** A running mean or variance. */
export interface RunningStatistic {
  /** Name of the initializer, and of the input in training. */
  readonly name: string;
  /** Name of the output with its next value. */
  readonly next: string;
  readonly dims: readonly number[];
}

/** Names of the statistics that a normalisation will carry on. @throws UnsupportedOperatorError if it shares them */
export function addStatistics(index: GraphIndex, node: Node, found: Set<string>): void {
  for (const name of [node.input[3] ?? '', node.input[4] ?? '']) {
    const tensor = index.constant(name);
    const isOwn = tensor !== undefined && elementTypeOf(tensor.dataType) === 'float32' && !found.has(name);
    if (!isOwn)
      throw unsupported(
        node,
        `running statistics of its own, float32, in the place of '${name}'`,
        'export the model without merging equal weights, or keep normalisations frozen (freezeBn).',
      );
    found.add(name);
  }
}

/**
 * Adds a normalisation by the batch's statistics that carries its running ones on. As in PyTorch, the running
 * variance takes in the unbiased variance, n/(n−1) times the one that normalises; ONNX's operator takes the biased.
 */
export function addBatchNormalization(graph: TrainingGraph, node: Node): readonly RunningStatistic[] {
  const [mean, variance] = [node.input[3]!, node.input[4]!];
  const { builder } = graph;
  const biased = builder.uniqueName(`next_biased/${variance}`);
  const nextMean = builder.uniqueName(`next/${mean}`);
  const attribute = [
    ...node.attribute.filter(({ name }) => name !== 'training_mode'),
    createAttribute('training_mode', { int: 1 }),
  ];
  builder.add(withFields(node, { attribute, output: [node.output[0]!, nextMean, biased] }));
  // As an output of the graph: onnxruntime writes a next variance that is none over the variance that it was given,
  // while others still read it.
  builder.output(biased, 'float32', dimsOf(graph, variance));
  const nextVariance = unbiased(graph, node, biased);
  return [
    { name: mean, next: nextMean, dims: dimsOf(graph, mean) },
    { name: variance, next: nextVariance, dims: dimsOf(graph, variance) },
  ];
}

/** The share of the batch in the next variance, times n/(n−1); n = 1 counts as 2. */
function unbiased(graph: TrainingGraph, node: Node, biased: string): string {
  const { builder } = graph;
  const [x, variance] = [node.input[0]!, node.input[4]!];
  const number = (part: string, value: number): string => scalar(builder, value, `${part}/${variance}`);
  const op = (part: string, operator: string, inputs: readonly string[], attributes = {}): string => {
    const name = builder.uniqueName(`${part}/${variance}`);
    return builder.op(operator, inputs, attributes, { name, outputs: [name] });
  };
  const channels = number('channels', dimsOf(graph, variance)[0]!);
  const one = number('one', 1);
  const size = op('size', 'Cast', [op('elements', 'Size', [x])], { to: { int: 1 } });
  const n = op('count', 'Div', [size, channels]);
  const freedom = op('freedom', 'Max', [op('less', 'Sub', [n, one]), one]);
  const factor = op('factor', 'Div', [n, freedom]);
  const momentum = number('momentum', floatAttribute(node, 'momentum', 0.9));
  const kept = op('kept', 'Mul', [variance, momentum]);
  const taken = op('taken', 'Sub', [biased, kept]);
  const scaled = op('scaled', 'Mul', [taken, factor]);
  return op('next', 'Add', [kept, scaled]);
}

function dimsOf(graph: TrainingGraph, constant: string): readonly number[] {
  return graph.index.constant(constant)!.dims.map(Number);
}
