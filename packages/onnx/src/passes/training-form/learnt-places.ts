import type { ParameterKind } from '@cf/training';
import { isOperator, isStandardDomain, type Node } from '../../model/model.ts';
import { readTensor } from '../../model/tensor.ts';
import type { GraphIndex } from '../graph-index.ts';

/** Inputs that layers learn. */
const LEARNT: Readonly<Record<string, Readonly<Record<number, ParameterKind>>>> = {
  Conv: { 1: 'weight', 2: 'bias' },
  ConvTranspose: { 1: 'weight', 2: 'bias' },
  Gemm: { 0: 'weight', 1: 'weight', 2: 'bias' },
  MatMul: { 0: 'weight', 1: 'weight' },
  BatchNormalization: { 1: 'norm', 2: 'norm' },
  InstanceNormalization: { 1: 'norm', 2: 'norm' },
  LayerNormalization: { 1: 'norm', 2: 'norm' },
  GroupNormalization: { 1: 'norm', 2: 'norm' },
  RMSNormalization: { 1: 'norm' },
  PRelu: { 1: 'slope' },
  LSTM: { 1: 'weight', 2: 'weight', 3: 'bias', 7: 'weight' },
  GRU: { 1: 'weight', 2: 'weight', 3: 'bias' },
  RNN: { 1: 'weight', 2: 'weight', 3: 'bias' },
};

/** Operators after which a constant that is added is the layer's bias. */
const TAKES_BIAS: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'Einsum']);
/** Operators that hand a weight on in another form. */
export const HANDS_ON: ReadonlySet<string> = new Set([
  'Identity',
  'Transpose',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
]);

/** Name of the constant that a value is made of, through nodes that hand it on. */
export function sourceOf(index: GraphIndex, value: string): string {
  // A file may hold nodes in a circle.
  const seen = new Set<string>();
  let source = value;
  while (!seen.has(source) && index.constant(source) === undefined) {
    seen.add(source);
    const node = index.producer(source);
    if (node === undefined || !isStandardDomain(node.domain) || !HANDS_ON.has(node.opType)) break;
    source = node.input[0] ?? '';
  }
  return source;
}

/** Whether a node is of a layer that learns in places of its own. */
export function hasLearntPlaces(node: Node): boolean {
  return isStandardDomain(node.domain) && Object.hasOwn(LEARNT, node.opType);
}

/** Values in the places of a node where a constant is a weight, whoever holds it. */
export function learntInputs(index: GraphIndex, node: Node): readonly (readonly [string, ParameterKind])[] {
  if (!isStandardDomain(node.domain)) return [];
  if (node.opType === 'Add') return biasOf(index, node);
  const places = Object.entries(hasLearntPlaces(node) ? LEARNT[node.opType]! : {});
  return places.map(([i, kind]) => [node.input[Number(i)] ?? '', kind] as const);
}

/**
 * Whether the scale and offset of a node are the constants 1 and 0 of a normalisation written in pieces, of which the
 * layer's own stand behind it: an InstanceNormalization between two Reshapes, or with its numbers in Constant nodes. Or
 * those of a normalisation that has no weights, which the exporter wrote into Constant nodes.
 */
export function isPlainNormalisation(index: GraphIndex, node: Node): boolean {
  const isOfInstance = isOperator(node, 'InstanceNormalization');
  if (!isOfInstance && !/^(Batch|Layer|Group)Normalization$/.test(node.opType)) return false;
  const [scale, offset] = [node.input[1] ?? '', node.input[2] ?? ''];
  const isWritten = (name: string): boolean => !index.isInitializer(name) && isMadeByExporter(name);
  if (!isOfInstance && !(isWritten(scale) && isWritten(offset))) return false;
  if (!isFilledWith(index, scale, 1) || !isFilledWith(index, offset, 0)) return false;
  if (!isOfInstance) return true;
  if (!index.isInitializer(scale) || isMadeByExporter(scale)) return true;
  return index.producer(node.input[0]!)?.opType === 'Reshape';
}

/** Names that exporters give to constants of their own. */
export function isMadeByExporter(name: string): boolean {
  return /^(onnx::|\/|\d+$)|[:/]|const|scalar|eps(ilon)?$|^(zero|one|two|half)s?$/i.test(name);
}

function isFilledWith(index: GraphIndex, name: string, value: number): boolean {
  const tensor = index.constant(sourceOf(index, name));
  return tensor !== undefined && Array.from(readTensor(tensor).data, Number).every((x) => x === value);
}

function biasOf(index: GraphIndex, { input }: Node): readonly (readonly [string, ParameterKind])[] {
  const side = [0, 1].find((i) => TAKES_BIAS.has(index.producer(input[i]!)?.opType ?? ''));
  return side === undefined ? [] : [[input[1 - side]!, 'bias']];
}
