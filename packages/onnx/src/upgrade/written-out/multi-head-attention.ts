import { floatAttribute, intAttribute, intsAttribute } from '../../model/attributes.ts';
import type { Writing, WrittenOut } from './writing.ts';

/** [B, S, H · d] as [B, H, S, d]. */
export function headsOf(writing: Writing, value: string, heads: number): string {
  return writing.transpose(writing.reshape(value, 0, 0, heads, -1), [0, 2, 1, 3]);
}

/**
 * What is added to the scores: the bias, and so much below 0 that nothing is left where a mask [B, T] or [B, S, T] is 0.
 *
 * @param mask index of its input
 * @param bias index of its input
 */
function addedOf(writing: Writing, mask: number, bias: number): string {
  if (!writing.has(mask)) return writing.input(bias);
  const given = writing.input(mask);
  const rank = writing.rank(given);
  if (rank !== 2 && rank !== 3) throw writing.refuse('a mask of every position, not lengths');
  const kept = writing.op('Cast', [given], { to: { int: 1 } });
  const gone = writing.op('Sub', [writing.scalar(1, writing.input(0)), kept]);
  const low = floatAttribute(writing.node, 'mask_filter_value', -10000);
  const masked = writing.unsqueeze(writing.scaled(gone, low), ...(rank === 2 ? [1, 2] : [1]));
  return writing.has(bias) ? writing.op('Add', [writing.input(bias), masked]) : masked;
}

/** softmax(Q · Kᵀ · scale + bias) · V, joined to [B, S, H · d]. @param bias '' for none */
function giveAttended(
  writing: Writing,
  [q, k, v]: readonly string[],
  { scale, bias }: { readonly scale: number; readonly bias: string },
): void {
  const scores = writing.op('MatMul', [writing.scaled(q!, scale), writing.transpose(k!, [0, 1, 3, 2])]);
  const shifted = bias === '' ? scores : writing.op('Add', [scores, bias]);
  const values = writing.op('MatMul', [writing.softmax(shifted), v!]);
  const joined = writing.transpose(values, [0, 2, 1, 3]);
  writing.give(0, 'Reshape', [joined, writing.integers(0, 0, -1)]);
}

function refuseOthers(writing: Writing, names: Readonly<Record<number, string>>): void {
  for (const [index, name] of Object.entries(names)) {
    if (writing.has(Number(index))) throw writing.refuse(`no ${name}`);
  }
  if (writing.node.output.slice(1).some((name) => name !== '')) throw writing.refuse('one output');
  if (intAttribute(writing.node, 'unidirectional', 0) !== 0)
    throw writing.refuse('attention to all positions');
}

/** Attention of queries, keys and values that are computed before (Vaswani et al. 2017). */
export const multiHeadAttention: WrittenOut = (writing) => {
  const { node } = writing;
  refuseOthers(writing, { 6: 'past_key', 7: 'past_value' });
  const heads = intAttribute(node, 'num_heads', 1);
  if (!writing.has(1) || !writing.has(2) || [0, 1, 2].some((i) => writing.rank(writing.input(i)) !== 3))
    throw writing.refuse('queries, keys and values of three axes each');
  const given = [0, 1, 2].map((i) => writing.input(i));
  const width = writing.size(given[0]!, 2);
  const biases = writing.has(3)
    ? writing.split(writing.input(3), 0, [width, width, writing.size(given[2]!, 2)])
    : undefined;
  const sides = given.map((value, i) =>
    headsOf(writing, biases === undefined ? value : writing.op('Add', [value, biases[i]!]), heads),
  );
  const scale = floatAttribute(node, 'scale', 0) || 1 / Math.sqrt(width / heads);
  giveAttended(writing, sides, { scale, bias: addedOf(writing, 4, 5) });
};

/** Attention with its projections: queries, keys and values are one product of X. */
export const packedAttention: WrittenOut = (writing) => {
  const { node } = writing;
  refuseOthers(writing, { 4: 'past', 6: 'past_sequence_length' });
  const heads = intAttribute(node, 'num_heads', 1);
  const weights = writing.input(1);
  const third = writing.size(weights, 1) / 3;
  const sizes = intsAttribute(node, 'qkv_hidden_sizes') ?? [third, third, third];
  const product = writing.op('MatMul', [writing.input(0), weights]);
  const all = writing.has(2) ? writing.op('Add', [product, writing.input(2)]) : product;
  const sides = writing.split(all, 2, sizes).map((value) => headsOf(writing, value, heads));
  const scale = floatAttribute(node, 'scale', 0) || 1 / Math.sqrt(sizes[0]! / heads);
  giveAttended(writing, sides, { scale, bias: addedOf(writing, 3, 5) });
};
