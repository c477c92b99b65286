import { floatAttribute } from '../model/attributes.ts';
import { isFloat } from '../model/element-type.ts';
import { metadataOf } from '../model/metadata.ts';
import { graphOf, isStandardDomain, type Model, type Node, nodeName } from '../model/model.ts';
import { readTensor } from '../model/tensor.ts';
import { GraphIndex } from './graph-index.ts';
import { sourceOf } from './training-form/learnt-places.ts';

/** Metadata of a file: the pixels that it expects, as whoever trained it said. */
export const PIXELS_KEY = 'cf.pixels';

/** What a network does to its pixels by itself: (x − mean) · scale, one number, or one a channel. */
export type ExpectedPixels =
  | { readonly kind: 'unknown' | 'none' }
  | { readonly kind: 'metadata'; readonly value: string }
  | {
      readonly kind: 'normalised';
      readonly mean: readonly number[];
      readonly scale: readonly number[];
      /** The nodes that do it. */
      readonly nodes: readonly string[];
    };

/** Operators that hand pixels on, in another layout or type. */
const PASSES: ReadonlySet<string> = new Set([
  'Identity',
  'Cast',
  'Transpose',
  'Unsqueeze',
  'Squeeze',
  'Dropout',
]);
/** Pixels of 0 to 255 that a network normalises by itself end up within this. */
const NORMALISED = 16;

/** y = scale · x + shift: one number, or one a channel. */
interface Scaling {
  readonly scale: readonly number[];
  readonly shift: readonly number[];
}

/** What the metadata of a file say of its pixels, else what the network does to them by itself. */
export function expectedPixels(model: Model, input: string): ExpectedPixels {
  const value = metadataOf(model, PIXELS_KEY);
  return value === undefined ? ownNormalisation(model, input) : { kind: 'metadata', value };
}

/**
 * Whether a network normalises its pixels: constants subtracted, added, multiplied or divided before its first layer, or
 * a BatchNormalization there, that take 0…255 to a few units. What a first layer's own weights do can't be seen.
 */
export function ownNormalisation(
  model: Model,
  input: string,
): Exclude<ExpectedPixels, { readonly kind: 'metadata' }> {
  const graph = graphOf(model);
  const index = new GraphIndex(graph);
  const nodes: string[] = [];
  let scaling: Scaling = { scale: [1], shift: [0] };
  let order: readonly number[] | undefined;
  for (let current = input; ; ) {
    const readers = graph.node.filter(
      ({ opType, input: read }) => read.includes(current) && opType !== 'Shape' && opType !== 'Size',
    );
    const [node] = readers;
    if (node === undefined || readers.length > 1 || !isStandardDomain(node.domain)) break;
    const permutation = orderOfChannels(index, node);
    const next = scaled(index, node, node.input.indexOf(current), scaling);
    if (next !== undefined) {
      scaling = next;
      nodes.push(nodeName(node));
    } else if (permutation !== undefined && order === undefined && nodes.length === 0) order = permutation;
    else if (!PASSES.has(node.opType)) break;
    current = node.output[0]!;
  }
  const { scale, shift } = inOrder(scaling, order);
  const ends = [0, 255].flatMap((x) => zip(scale, shift, (a, b) => Math.abs(a * x + b)));
  if (nodes.length === 0 || !ends.every((x) => x <= NORMALISED)) return { kind: 'none' };
  return { kind: 'normalised', mean: zip(shift, scale, (b, a) => -b / a || 0), scale, nodes };
}

/** What a node does to pixels, after what was done; undefined where it is no scaling. */
function scaled(index: GraphIndex, node: Node, side: number, { scale, shift }: Scaling): Scaling | undefined {
  const numbers = (i: number): readonly number[] | undefined => constantOf(index, node.input[i] ?? '');
  const add = (term: readonly number[]): Scaling => ({ scale, shift: zip(shift, term, (a, b) => a + b) });
  const multiply = (factor: readonly number[]): Scaling => ({
    scale: zip(scale, factor, (a, b) => a * b),
    shift: zip(shift, factor, (a, b) => a * b),
  });
  const negative = (list: readonly number[]): readonly number[] => list.map((x) => -x);
  if (node.opType === 'Neg') return multiply([-1]);
  if (node.opType === 'BatchNormalization') {
    const [weight, bias, mean, variance] = [numbers(1), numbers(2), numbers(3), numbers(4)];
    if (weight === undefined || bias === undefined || mean === undefined || variance === undefined)
      return undefined;
    const epsilon = floatAttribute(node, 'epsilon', 1e-5);
    const factor = weight.map((w, i) => w / Math.sqrt(variance[i]! + epsilon));
    const centred = zip(shift, mean, (a, b) => a - b);
    return {
      scale: zip(scale, factor, (a, b) => a * b),
      shift: zip(
        zip(centred, factor, (a, b) => a * b),
        bias,
        (a, b) => a + b,
      ),
    };
  }
  const other = node.input.length === 2 && side >= 0 ? numbers(1 - side) : undefined;
  if (other === undefined) return undefined;
  switch (node.opType) {
    case 'Add':
      return add(other);
    case 'Sub':
      if (side === 0) return add(negative(other));
      return { scale: negative(scale), shift: zip(other, shift, (a, b) => a - b) };
    case 'Mul':
      return multiply(other);
    case 'Div':
      return side === 0 ? multiply(other.map((x) => 1 / x)) : undefined;
    default:
      return undefined;
  }
}

/** The order in which a node takes channels, as from BGR to RGB. */
function orderOfChannels(index: GraphIndex, { opType, input }: Node): readonly number[] | undefined {
  const tensor = opType === 'Gather' ? index.constant(input[1] ?? '') : undefined;
  const order = tensor === undefined ? [] : Array.from(readTensor(tensor).data as Float32Array, Number);
  return order.length === 3 && [0, 1, 2].every((i) => order.includes(i)) ? order : undefined;
}

/** Numbers of the channels as the input has them. */
function inOrder({ scale, shift }: Scaling, order: readonly number[] | undefined): Scaling {
  const back = (list: readonly number[]): readonly number[] =>
    order === undefined || list.length !== 3 ? list : [0, 1, 2].map((i) => list[order.indexOf(i)]!);
  return { scale: back(scale), shift: back(shift) };
}

function constantOf(index: GraphIndex, name: string): readonly number[] | undefined {
  const tensor = index.constant(sourceOf(index, name));
  if (tensor === undefined) return undefined;
  const { type, data } = readTensor(tensor);
  // A plane of means as large as a picture is no short list.
  return isFloat(type) && data.length <= 4 ? Array.from(data as Float32Array, Number) : undefined;
}

function zip(
  a: readonly number[],
  b: readonly number[],
  f: (a: number, b: number) => number,
): readonly number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) =>
    f(a[a.length === 1 ? 0 : i] ?? 0, b[b.length === 1 ? 0 : i] ?? 0),
  );
}
