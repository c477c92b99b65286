import { isFloat } from '../model/element-type.ts';
import { metadataOf } from '../model/metadata.ts';
import { graphOf, isOperator, type Model } from '../model/model.ts';
import { readTensor } from '../model/tensor.ts';
import { GraphIndex } from './graph-index.ts';

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

/** What the metadata of a file say of its pixels, else what the network does to them by itself. */
export function expectedPixels(model: Model, input: string): ExpectedPixels {
  const value = metadataOf(model, PIXELS_KEY);
  return value === undefined ? ownNormalisation(model, input) : { kind: 'metadata', value };
}

/** Whether a network normalises its pixels: constants subtracted, added, multiplied or divided before its first layer. */
export function ownNormalisation(
  model: Model,
  input: string,
): Exclude<ExpectedPixels, { readonly kind: 'metadata' }> {
  const graph = graphOf(model);
  const index = new GraphIndex(graph);
  const nodes: string[] = [];
  // y = scale · x + shift
  let scale: readonly number[] = [1];
  let shift: readonly number[] = [0];
  for (let current = input; ; ) {
    const readers = graph.node.filter((node) => node.input.includes(current));
    const [node] = readers;
    if (node === undefined || readers.length > 1) break;
    if (['Identity', 'Cast', 'Transpose'].some((operator) => isOperator(node, operator))) {
      current = node.output[0]!;
      continue;
    }
    const numbers = (i: number): readonly number[] | undefined => constantOf(index, node.input[i] ?? '');
    const side = node.input.indexOf(current);
    if (isOperator(node, 'BatchNormalization')) {
      const [weight, bias, mean, variance] = [numbers(1), numbers(2), numbers(3), numbers(4)];
      if (weight === undefined || bias === undefined || mean === undefined || variance === undefined) break;
      const epsilon = node.attribute.find(({ name }) => name === 'epsilon')?.f ?? 1e-5;
      const factor = weight.map((w, i) => w / Math.sqrt(variance[i]! + epsilon));
      scale = zip(scale, factor, (a, b) => a * b);
      shift = zip(
        zip(
          zip(shift, mean, (a, b) => a - b),
          factor,
          (a, b) => a * b,
        ),
        bias,
        (a, b) => a + b,
      );
    } else {
      const other = numbers(1 - side);
      if (other === undefined || node.input.length !== 2) break;
      if (isOperator(node, 'Sub') && side === 0) shift = zip(shift, other, (a, b) => a - b);
      else if (isOperator(node, 'Add')) shift = zip(shift, other, (a, b) => a + b);
      else if (isOperator(node, 'Mul') || (isOperator(node, 'Div') && side === 0)) {
        const factor = isOperator(node, 'Mul') ? other : other.map((x) => 1 / x);
        scale = zip(scale, factor, (a, b) => a * b);
        shift = zip(shift, factor, (a, b) => a * b);
      } else break;
    }
    nodes.push(node.name !== '' ? node.name : node.output[0]!);
    current = node.output[0]!;
  }
  if (nodes.length === 0) return { kind: 'none' };
  return { kind: 'normalised', mean: zip(shift, scale, (b, a) => -b / a || 0), scale, nodes };
}

function constantOf(index: GraphIndex, name: string): readonly number[] | undefined {
  const tensor = index.constant(name);
  if (tensor === undefined) return undefined;
  const { type, data } = readTensor(tensor);
  // A plane of means as large as a picture is no short list.
  return isFloat(type) && data.length <= 4 ? Array.from(data, Number) : undefined;
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
