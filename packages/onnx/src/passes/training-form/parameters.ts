import type { ParameterKind } from '@cf/training';
import { ruleOf } from '../../gradient/rule-table.ts';
import { sizeOf } from '../../model/dims.ts';
import { elementTypeOf } from '../../model/element-type.ts';
import { isStandardDomain, type Node, type TensorProtoValue } from '../../model/model.ts';
import { readTensor } from '../../model/tensor.ts';
import type { GraphIndex } from '../graph-index.ts';
import { isOfFormula } from './formula-numbers.ts';
import {
  HANDS_ON,
  hasLearntPlaces,
  isMadeByExporter,
  isPlainNormalisation,
  learntInputs,
  sourceOf,
} from './learnt-places.ts';
import { isTableOfSines } from './table-of-sines.ts';

/** A constant that a layer learns. */
export interface Parameter {
  /** Name of the initializer. */
  readonly name: string;
  readonly kind: ParameterKind;
  readonly dims: readonly number[];
}

/** A constant of floats that training leaves as it is. */
export interface FrozenConstant {
  readonly name: string;
  readonly dims: readonly number[];
  /** Why, as the end of a sentence. */
  readonly why: string;
}

/** What is known of the part of a graph that trains. */
export interface TrainedPart {
  /** The nodes that the output needs, in the graph's order, but for the frozen ones. */
  readonly nodes: readonly Node[];
  readonly frozen: ReadonlySet<Node>;
  /** Names that the file says to leave as they are. */
  readonly fixed: ReadonlySet<string>;
  readonly output: string;
}

/** Operators that bound, pad or count: what they read beside the data is no weight. */
const TAKES_NO_WEIGHT: ReadonlySet<string> = new Set(
  'Clip Dropout Pad Resize Upsample Range OneHot Shape Size ConstantOfShape Mod Floor Ceil Round Sign'.split(
    ' ',
  ),
);
/** Where a zero of an attention mask is not: so much is added that its exponential is none. */
const MASKED = -100;

/**
 * What trains: float32 constants in the place of a weight, also where nodes between hand them on, and every other
 * float32 initializer from which a gradient flows to the output, such as class tokens, position embeddings and the
 * scale of a normalisation in pieces. What normalises the pixels before the first layer stays: a number, or one for each
 * channel or feature, and whatever is subtracted or divided by. What differs along several axes and is added or
 * multiplied there, such as a position embedding, trains. Numbers that an exporter wrote out (a scalar under a name of
 * its own) or that are of a formula, such as √2, masks of attention, and what a frozen node reads too stay.
 */
export function parametersOf(
  index: GraphIndex,
  part: TrainedPart,
): { readonly parameters: readonly Parameter[]; readonly frozen: readonly FrozenConstant[] } {
  const { nodes, fixed } = part;
  const held = new Set([...part.frozen].flatMap(({ input }) => input.map((x) => sourceOf(index, x))));
  const statistics = new Set(
    nodes
      .filter(({ opType }) => opType === 'BatchNormalization')
      .flatMap(({ input }) => input.slice(3).map((name) => sourceOf(index, name))),
  );
  const found = new Map<string, Parameter>();
  const frozen = new Map<string, FrozenConstant>();
  const decide = (name: string, kind: ParameterKind, why: string | undefined): void => {
    const tensor = index.constant(name);
    const isFloat = tensor !== undefined && elementTypeOf(tensor.dataType) === 'float32';
    if (!isFloat || found.has(name)) return;
    const reason = fixed.has(name)
      ? 'the file marks it as fixed'
      : held.has(name)
        ? 'a frozen layer reads it'
        : why;
    const dims = tensor.dims.map(Number);
    if (reason !== undefined) frozen.set(name, { name, dims, why: reason });
    else {
      found.set(name, { name, kind, dims });
      frozen.delete(name);
    }
  };
  for (const node of nodes) {
    const plain = isPlainNormalisation(index, node)
      ? 'the 1 and 0 of a normalisation without weights of its own'
      : undefined;
    for (const [value, kind] of learntInputs(index, node)) {
      const name = sourceOf(index, value);
      const tensor = node.opType === 'Add' ? index.constant(name) : undefined;
      decide(name, kind, plain ?? (tensor && writtenForWhat(tensor)));
    }
  }
  const flowing = valuesThatFlow(part);
  const raw = pixelValues(index, nodes);
  for (const node of nodes) {
    if (hasLearntPlaces(node) && !RECURRENT.has(node.opType)) continue;
    for (const value of node.input) {
      const name = sourceOf(index, value);
      if (!index.isInitializer(name) || (HANDS_ON.has(node.opType) && name !== value)) continue;
      if (HANDS_ON.has(node.opType) || statistics.has(name)) continue;
      decide(name, kindOf(index, node, name), whyNot(index, node, value, { flowing, raw }));
    }
  }
  return { parameters: [...found.values()], frozen: [...frozen.values()] };
}

const RECURRENT: ReadonlySet<string> = new Set(['LSTM', 'GRU', 'RNN']);

/** Why a constant in a place that is not always a weight's does not train; undefined where it does. */
function whyNot(
  index: GraphIndex,
  node: Node,
  value: string,
  { flowing, raw }: { readonly flowing: ReadonlySet<string>; readonly raw: ReadonlySet<string> },
): string | undefined {
  const name = sourceOf(index, value);
  const tensor = index.constant(name)!;
  if (TAKES_NO_WEIGHT.has(node.opType) || !flowing.has(value)) return 'no gradient flows from it';
  if (node.input.some((other) => raw.has(other)) && normalisesPixels(index, node, tensor))
    return 'it normalises the pixels before the first layer';
  const size = sizeOf(tensor.dims.map(Number));
  if (size <= 1 && isMadeByExporter(name)) return 'a number that the exporter wrote out';
  if (size === 1 && isOfFormula(Number(readTensor(tensor).data[0]), node.opType))
    return 'a number of a formula';
  if (/^(Max|Min)$/.test(node.opType) && size <= 1) return 'a bound';
  const written = writtenForWhat(tensor);
  if (written !== undefined) return written;
  if (RECURRENT.has(node.opType) && isMadeByExporter(name)) return 'an initial state';
  return undefined;
}

/** Whether a constant that meets pixels is a mean or a scale of theirs, and not a weight. */
function normalisesPixels(index: GraphIndex, node: Node, tensor: TensorProtoValue): boolean {
  // Behind a normalisation by computed statistics stand the scale and offset of its layer.
  if (node.input.some((value) => isNormalised(index, value))) return false;
  const isPlain = tensor.dims.filter((dim) => dim !== 1n).length <= 1;
  return isPlain || node.opType === 'Sub' || node.opType === 'Div';
}

/** What a constant is for that nobody learns, by its numbers. */
function writtenForWhat(tensor: TensorProtoValue): string | undefined {
  if (elementTypeOf(tensor.dataType) !== 'float32') return undefined;
  if (isMask(tensor)) return 'a mask of attention';
  return isTableOfSines(tensor) ? 'a table of sines, which nobody learns' : undefined;
}

function isMask(tensor: TensorProtoValue): boolean {
  const data = readTensor(tensor).data as Float32Array;
  if (data.some((x) => !Number.isFinite(x))) return true;
  return data.some((x) => x <= MASKED) && data.every((x) => x === 0 || x <= MASKED);
}

/** Values from which a gradient flows to the output. */
function valuesThatFlow({ nodes, output }: TrainedPart): ReadonlySet<string> {
  const flowing = new Set([output]);
  for (const node of nodes.toReversed()) {
    if (!node.output.some((name) => flowing.has(name))) continue;
    const places = isStandardDomain(node.domain) ? ruleOf(node)?.inputs : undefined;
    const inputs = node.opType === 'Shape' ? [] : (places?.map((i) => node.input[i] ?? '') ?? node.input);
    for (const name of inputs) flowing.add(name);
  }
  return flowing;
}

/** Values that are pixels still: what reaches them from the inputs meets no layer that learns. */
function pixelValues(index: GraphIndex, nodes: readonly Node[]): ReadonlySet<string> {
  const computed = new Set(nodes.flatMap(({ output }) => output));
  const raw = new Set<string>();
  const learns = (node: Node): boolean =>
    /^(Add|Mul)$/.test(node.opType) &&
    node.input.some((value) => {
      const tensor = index.constant(sourceOf(index, value));
      return tensor !== undefined && !normalisesPixels(index, node, tensor);
    });
  const isConstant = (name: string): boolean => index.constant(sourceOf(index, name)) !== undefined;
  // What comes out of a table of weights is no pixel; pixels in another order are.
  const looksUp = ({ opType, input }: Node): boolean => TABLES.has(opType) && isConstant(input[0]!);
  const isLayer = (node: Node): boolean =>
    hasLearntPlaces(node) || node.opType === 'Einsum' || looksUp(node) || learns(node);
  for (const node of nodes) {
    const data = node.input.filter((name) => name !== '' && !isConstant(name));
    const isRaw = data.length > 0 && data.every((name) => raw.has(name) || !computed.has(name));
    for (const name of data) if (!computed.has(name)) raw.add(name);
    const isSize = node.opType === 'Shape' || node.opType === 'Size';
    if (isRaw && !isSize && !isLayer(node)) for (const name of node.output) raw.add(name);
  }
  return raw;
}

/** Operators that look rows up. */
const TABLES: ReadonlySet<string> = new Set(['Gather', 'GatherND', 'GatherElements']);

function kindOf(index: GraphIndex, { opType, input }: Node, name: string): ParameterKind {
  const others = input.filter((other) => sourceOf(index, other) !== name);
  if ((opType === 'Mul' || opType === 'Add') && others.some((value) => isNormalised(index, value)))
    return 'norm';
  const dims = index.constant(name)!.dims.map(Number);
  const isVector = dims.filter((dim) => dim !== 1).length <= 1;
  return opType === 'Add' && isVector ? 'bias' : 'weight';
}

/** Whether a value comes out of a normalisation in pieces, or out of its product with the scale. */
function isNormalised(index: GraphIndex, value: string, depth: number = 4): boolean {
  const node = index.producer(value);
  if (node === undefined || depth === 0) return false;
  if (/^(Instance|Layer|Group|RMS|Lp|MeanVariance)Normalization$/.test(node.opType)) return true;
  const comesFrom = (name: string, operator: string): boolean => index.producer(name)?.opType === operator;
  if (node.opType === 'Div') return comesFrom(node.input[1]!, 'Sqrt');
  if (HANDS_ON.has(node.opType)) return isNormalised(index, node.input[0]!, depth - 1);
  if (node.opType !== 'Mul') return false;
  if (node.input.some((name) => comesFrom(name, 'Reciprocal'))) return true;
  return node.input.some(
    (name, i) =>
      index.constant(sourceOf(index, node.input[1 - i]!)) !== undefined &&
      isNormalised(index, name, depth - 1),
  );
}
