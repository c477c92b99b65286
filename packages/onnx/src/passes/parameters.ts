import type { ParameterKind } from '@cf/training';
import { elementTypeOf } from '../model/element-type.ts';
import { isStandardDomain, type Node } from '../model/model.ts';
import type { GraphIndex } from './graph-index.ts';

/** A constant that a layer learns. */
export interface Parameter {
  /** Name of the initializer. */
  readonly name: string;
  readonly kind: ParameterKind;
  readonly dims: readonly number[];
}

/** Inputs that layers learn. */
const LEARNT: Readonly<Record<string, Readonly<Record<number, ParameterKind>>>> = {
  Conv: { 1: 'weight', 2: 'bias' },
  ConvTranspose: { 1: 'weight', 2: 'bias' },
  Gemm: { 0: 'weight', 1: 'weight', 2: 'bias' },
  MatMul: { 0: 'weight', 1: 'weight' },
  BatchNormalization: { 1: 'norm', 2: 'norm' },
  InstanceNormalization: { 1: 'norm', 2: 'norm' },
  LayerNormalization: { 1: 'norm', 2: 'norm' },
  PRelu: { 1: 'slope' },
};

/** Operators after which a constant that is added is the layer's bias. */
const TAKES_BIAS: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);
/** Operators that hand a weight on in another form. */
const HANDS_ON: ReadonlySet<string> = new Set(['Identity', 'Transpose', 'Reshape', 'Squeeze', 'Unsqueeze']);

/**
 * What nodes learn: float32 constants in the place of a weight, also where a node between hands them on. A constant
 * anywhere else, such as the mean of the pixels, is not learnt; nor is what a frozen node reads too.
 *
 * @param fixed names that are left out
 */
export function parametersOf(
  index: GraphIndex,
  nodes: readonly Node[],
  frozen: ReadonlySet<Node>,
  fixed: ReadonlySet<string>,
): readonly Parameter[] {
  const held = new Set([...fixed, ...[...frozen].flatMap(({ input }) => input.map((x) => source(index, x)))]);
  const found = new Map<string, Parameter>();
  for (const node of nodes) {
    for (const [value, kind] of learntInputs(index, node)) {
      const name = source(index, value);
      const tensor = index.constant(name);
      const isFloat = tensor !== undefined && elementTypeOf(tensor.dataType) === 'float32';
      if (!isFloat || held.has(name) || found.has(name)) continue;
      found.set(name, { name, kind, dims: tensor.dims.map(Number) });
    }
  }
  return [...found.values()];
}

/** Name of the constant that a value is made of, through nodes that hand it on. */
function source(index: GraphIndex, value: string): string {
  if (index.constant(value) !== undefined) return value;
  const node = index.producer(value);
  const isOpen = node !== undefined && isStandardDomain(node.domain) && HANDS_ON.has(node.opType);
  return isOpen ? source(index, node.input[0]!) : value;
}

function learntInputs(index: GraphIndex, node: Node): readonly (readonly [string, ParameterKind])[] {
  if (!isStandardDomain(node.domain)) return [];
  if (node.opType === 'Add') return biasOf(index, node);
  const places = Object.entries(LEARNT[node.opType] ?? {});
  return places.map(([i, kind]) => [node.input[Number(i)] ?? '', kind] as const);
}

function biasOf(index: GraphIndex, { input }: Node): readonly (readonly [string, ParameterKind])[] {
  const side = [0, 1].find((i) => TAKES_BIAS.has(index.producer(input[i]!)?.opType ?? ''));
  return side === undefined ? [] : [[input[1 - side]!, 'bias']];
}
