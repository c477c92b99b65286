import { intAttribute } from '../model/attributes.ts';
import { sizeOf } from '../model/dims.ts';
import { graphOf, isOperator, type Model, type Node } from '../model/model.ts';
import { createTensor } from '../model/tensor.ts';
import { withFields } from '../model/with-fields.ts';
import { GraphIndex } from '../passes/graph-index.ts';
import { countReaders, floats, withoutUnreadConstants } from './folded-normalizations.ts';

/** Factors by channel of the values that convolutions give, by name. */
export type ChannelFactors = ReadonlyMap<string, Float32Array>;

/** A convolution whose channels may have any scale, since one convolution reads them, behind a rectifier at most. */
export interface Link {
  readonly from: Node;
  readonly to: Node;
  /** What `from` gives. */
  readonly value: string;
}

/** What takes a scale of a channel through: f(s·x) = s·f(x) for s > 0. */
const HOMOGENEOUS: ReadonlySet<string> = new Set(['Relu', 'PRelu', 'LeakyRelu']);
/** A channel is brought to at most this many times its size. */
const MOST = 64;

/** The convolutions of a model that hand their channels to one other alone. */
export function linksOf(form: Model): readonly Link[] {
  const graph = graphOf(form);
  const index = new GraphIndex(graph);
  const readers = countReaders(graph);
  const isConv = (node: Node | undefined): node is Node =>
    node !== undefined && isOperator(node, 'Conv') && floats(index, node.input[1]!) !== undefined;
  const readerOf = (value: string): Node | undefined =>
    readers.get(value) === 1 ? graph.node.find(({ input }) => input[0] === value) : undefined;
  return graph.node.filter(isConv).flatMap((from): Link[] => {
    if (from.input[2] && floats(index, from.input[2]) === undefined) return [];
    const value = from.output[0]!;
    const next = readerOf(value);
    const passes = next !== undefined && HOMOGENEOUS.has(next.opType) && isOperator(next, next.opType);
    const to = passes ? readerOf(next.output[0]!) : next;
    return isConv(to) ? [{ from, to, value }] : [];
  });
}

/**
 * Factors that bring the channels of linked convolutions nearer to one size, so that one scale fits all of them (Nagel et al.
 * 2019, Data-free quantization through weight equalization). Where the next one is depthwise, all the way: its weights have a
 * scale a channel anyway. Elsewhere half the way, since its weights take the other half.
 *
 * @param largest the largest size of each channel of each link's value
 */
export function channelFactors(
  links: readonly Link[],
  largest: ReadonlyMap<string, Float64Array>,
): ChannelFactors {
  return new Map(
    links.map(({ to, value }) => {
      const sizes = largest.get(value)!;
      const most = Math.max(...sizes);
      const power = intAttribute(to, 'group', 1) === sizes.length ? 1 : 0.5;
      const factor = (size: number): number => (size > 0 ? Math.max((size / most) ** power, 1 / MOST) : 1);
      return [value, Float32Array.from(sizes, factor)] as const;
    }),
  );
}

/** The model with its channels divided by factors, and the weights that read them multiplied: it computes the same. */
export function equalised(form: Model, factors: ChannelFactors): Model {
  const links = linksOf(form).filter(({ value }) => factors.has(value));
  if (links.length === 0) return form;
  const graph = graphOf(form);
  const index = new GraphIndex(graph);
  const divided = new Map(links.map(({ from, value }) => [from, factors.get(value)!]));
  const multiplied = new Map(links.map(({ to, value }) => [to, factors.get(value)!]));
  const constants = [...graph.initializer];
  const node = graph.node.map((one) => {
    const [out, into] = [divided.get(one), multiplied.get(one)];
    if (out === undefined && into === undefined) return one;
    const { dims, data } = floats(index, one.input[1]!)!;
    const [channels, inputs] = dims as [number, number];
    const perGroup = channels / intAttribute(one, 'group', 1);
    const inner = sizeOf(dims.slice(2));
    const scaled = data.map((weight, i) => {
      const channel = Math.floor(i / (inputs * inner));
      const input = Math.floor(channel / perGroup) * inputs + (Math.floor(i / inner) % inputs);
      return (weight * (into?.[input] ?? 1)) / (out?.[channel] ?? 1);
    });
    const add = (hint: string, dims: readonly number[], data: Float32Array): string => {
      const name = `${one.output[0]}/equalised_${hint}`;
      constants.push(createTensor(name, { type: 'float32', dims, data }));
      return name;
    };
    const bias = one.input[2] ? floats(index, one.input[2])!.data : undefined;
    const names = [one.input[0]!, add('weight', dims, scaled)];
    if (bias !== undefined)
      names.push(
        add(
          'bias',
          [bias.length],
          bias.map((b, channel) => b / (out?.[channel] ?? 1)),
        ),
      );
    return withFields(one, { input: names });
  });
  return withFields(form, {
    graph: withoutUnreadConstants(withFields(graph, { node, initializer: constants })),
  });
}
