import { isStandardDomain, type Node, subgraphsOf } from '../../model/model.ts';

/** Operators of the standard domain that have no float16, in opset 14 and later. */
const NO_FLOAT16: ReadonlySet<string> = new Set(
  (
    'Range Celu NonMaxSuppression RandomNormal RandomUniform RandomNormalLike RandomUniformLike Bernoulli ' +
    'QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearConv QLinearMatMul TfIdfVectorizer ImageDecoder'
  ).split(' '),
);
/** Inputs that are float32 in every model. */
const FLOAT32_PLACES: ReadonlyMap<string, readonly number[]> = new Map([
  ['Resize', [1, 2]],
  ['Upsample', [1]],
]);
/** Their later outputs have types of their own. */
const ONE_OUTPUT: ReadonlySet<string> = new Set(['LayerNormalization', 'BatchNormalization']);

/** Whether a node can compute in float16. Nodes with subgraphs and those of other domains stay as they are. */
export function hasFloat16(node: Node): boolean {
  const { opType } = node;
  if (!isStandardDomain(node.domain) || subgraphsOf(node).length > 0) return false;
  if (/Sequence|Optional/.test(opType) || NO_FLOAT16.has(opType)) return false;
  return !(ONE_OUTPUT.has(opType) && node.output.slice(1).some((name) => name !== ''));
}

/** Whether a node takes an input in float32, whatever the others are. */
export function isFloat32Place({ opType }: Node, input: number): boolean {
  return FLOAT32_PLACES.get(opType)?.includes(input) ?? false;
}
