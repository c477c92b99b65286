import { floatAttribute, intAttribute } from '../model/attributes.ts';
import { sizeOf } from '../model/dims.ts';
import {
  type Graph,
  graphOf,
  isOperator,
  type Model,
  type Node,
  type TensorProtoValue,
} from '../model/model.ts';
import { readValues } from '../model/read-values.ts';
import { createTensor, readTensor } from '../model/tensor.ts';
import { withFields } from '../model/with-fields.ts';
import { GraphIndex } from '../passes/graph-index.ts';

/**
 * The model with each BatchNormalization that follows a Conv or a Gemm of constant weights in the weights of that: y keeps
 * its name, and its numbers but for rounding.
 */
export function foldedNormalizations(model: Model): Model {
  const graph = graphOf(model);
  const index = new GraphIndex(graph);
  const readers = countReaders(graph);
  const gone = new Set<Node>();
  const changed = new Map<Node, Node>();
  const constants: TensorProtoValue[] = [];
  for (const norm of graph.node) {
    const layer = isOperator(norm, 'BatchNormalization') ? index.producer(norm.input[0]!) : undefined;
    if (layer === undefined || changed.has(layer) || readers.get(layer.output[0]!) !== 1) continue;
    const folded = fold(index, layer, norm);
    if (folded === undefined) continue;
    const output = norm.output[0]!;
    const [weight, bias] = [`${output}/weight`, `${output}/bias`];
    constants.push(createTensor(weight, { type: 'float32', dims: folded.dims, data: folded.weight }));
    constants.push(createTensor(bias, { type: 'float32', dims: [folded.bias.length], data: folded.bias }));
    changed.set(layer, withFields(layer, { input: [layer.input[0]!, weight, bias], output: [output] }));
    gone.add(norm);
  }
  if (gone.size === 0) return model;
  const node = graph.node.filter((one) => !gone.has(one)).map((one) => changed.get(one) ?? one);
  const initializer = [...graph.initializer, ...constants];
  return withFields(model, { graph: withoutUnreadConstants(withFields(graph, { node, initializer })) });
}

/** How often each value is read, outputs of the graph among its readers. */
export function countReaders(graph: Graph): ReadonlyMap<string, number> {
  const readers = new Map<string, number>();
  for (const name of [...graph.node.flatMap(readValues), ...graph.output.map((output) => output.name)])
    readers.set(name, (readers.get(name) ?? 0) + 1);
  return readers;
}

/** The graph without constants that nothing reads. */
export function withoutUnreadConstants(graph: Graph): Graph {
  const read = new Set([...graph.node.flatMap(readValues), ...graph.output.map(({ name }) => name)]);
  return withFields(graph, {
    initializer: graph.initializer.filter(({ name }) => read.has(name)),
    node: graph.node.filter(
      (node) => !isOperator(node, 'Constant') || node.output.some((name) => read.has(name)),
    ),
    // Files of old versions list their constants here too.
    input: graph.input.filter(
      ({ name }) => read.has(name) || !graph.initializer.some((tensor) => tensor.name === name),
    ),
  });
}

interface Folded {
  readonly dims: readonly number[];
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

function fold(index: GraphIndex, layer: Node, norm: Node): Folded | undefined {
  const isConv = isOperator(layer, 'Conv');
  if (!isConv && !isPlainGemm(layer)) return undefined;
  const isTraining =
    intAttribute(norm, 'training_mode', 0) !== 0 || norm.output.slice(1).some((name) => name !== '');
  const [weight, ...numbers] = [layer.input[1]!, ...norm.input.slice(1)].map((name) => floats(index, name));
  const own = layer.input[2] ? floats(index, layer.input[2]) : undefined;
  const isOpen = weight === undefined || (layer.input[2] && own === undefined);
  if (isTraining || isOpen || numbers.length !== 4 || !numbers.every((one) => one !== undefined))
    return undefined;
  const [gamma, beta, mean, variance] = numbers.map(({ data }) => data) as Four;
  const axis = isConv || intAttribute(layer, 'transB', 0) !== 0 ? 0 : 1;
  const { dims, data } = weight;
  const channels = dims[axis]!;
  const inner = sizeOf(dims.slice(axis + 1));
  const epsilon = floatAttribute(norm, 'epsilon', 1e-5);
  const factor = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c]! + epsilon));
  // A bias of one number is that of every channel.
  const before = (c: number): number => own?.data[own.data.length === 1 ? 0 : c] ?? 0;
  return {
    dims,
    weight: data.map((w, i) => w * factor[Math.floor(i / inner) % channels]!),
    bias: Float32Array.from(factor, (f, c) => (before(c) - mean[c]!) * f + beta[c]!),
  };
}

type Four = [Float32Array, Float32Array, Float32Array, Float32Array];

/** A Gemm that is x·W + b. */
export function isPlainGemm(node: Node): boolean {
  return (
    isOperator(node, 'Gemm') &&
    intAttribute(node, 'transA', 0) === 0 &&
    floatAttribute(node, 'alpha', 1) === 1 &&
    floatAttribute(node, 'beta', 1) === 1
  );
}

/** A constant of float32. */
export function floats(
  index: GraphIndex,
  name: string,
): { readonly dims: readonly number[]; readonly data: Float32Array } | undefined {
  const tensor = index.constant(name);
  const { type, dims, data } = tensor === undefined ? {} : readTensor(tensor);
  return type === 'float32' ? { dims: dims!, data: data as Float32Array } : undefined;
}
