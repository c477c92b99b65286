import { floatAttribute, intAttribute } from '../../model/attributes.ts';
import { headsOf } from './multi-head-attention.ts';
import type { Writing, WrittenOut } from './writing.ts';

/** Far below every score: its exponential is 0. */
const MASKED = -3.4028234663852886e38;

/**
 * softmax(c · tanh(Q · Kᵀ · scale / c) + mask) · V, the standard's Attention of opset 23 and later, with keys that
 * several queries share, a mask, and `is_causal`. Without keys of the past.
 */
export const attention: WrittenOut = (writing) => {
  const { node } = writing;
  if (writing.has(4) || writing.has(5) || writing.has(6))
    throw writing.refuse('no keys and values of the past');
  const isFlat = writing.rank(writing.input(0)) === 3;
  const counts = ['q_num_heads', 'kv_num_heads', 'kv_num_heads'].map((name) => intAttribute(node, name, 0));
  if (isFlat && counts.includes(0))
    throw writing.refuse('q_num_heads and kv_num_heads, where Q has three axes');
  const [q, k, v] = counts.map((count, i) =>
    isFlat ? headsOf(writing, writing.input(i), count) : writing.input(i),
  ) as [string, string, string];
  const width = writing.size(q, 3);
  const [heads, shared] = isFlat ? counts : [writing.size(q, 1), writing.size(k, 1)];
  const [keys, values] = [k, v].map((value) => repeated(writing, value, heads! / shared!));
  const scale = floatAttribute(node, 'scale', 0) || 1 / Math.sqrt(width);
  const product = writing.op('MatMul', [writing.scaled(q, scale), writing.transpose(keys!, [0, 1, 3, 2])]);
  const scores = masked(writing, capped(writing, product));
  const shares = writing.softmax(scores);
  const mode = intAttribute(node, 'qk_matmul_output_mode', 0);
  if (writing.output(3) !== '' && mode !== 0 && mode !== 3)
    throw writing.refuse('qk_matmul_output_mode 0 or 3');
  writing.give(1, 'Identity', [k]);
  writing.give(2, 'Identity', [v]);
  writing.give(3, 'Identity', [mode === 0 ? product : shares]);
  if (!isFlat) {
    writing.give(0, 'MatMul', [shares, values!]);
    return;
  }
  const joined = writing.transpose(writing.op('MatMul', [shares, values!]), [0, 2, 1, 3]);
  writing.give(0, 'Reshape', [joined, writing.integers(0, 0, -1)]);
};

/** [B, H, S, d] with every head several times, one after the other. */
function repeated(writing: Writing, value: string, times: number): string {
  if (times === 1) return value;
  if (!Number.isInteger(times)) throw writing.refuse('a multiple of kv_num_heads as q_num_heads');
  const copies = writing.integers(1, 1, times, 1, 1);
  const many = writing.op('Expand', [writing.unsqueeze(value, 2), copies]);
  const shape = writing.shape(value)!;
  return writing.op('Reshape', [
    many,
    writing.op(
      'Concat',
      [
        writing.slice(writing.op('Shape', [value]), 0, 0, 1),
        writing.integers(Number(shape[1]) * times),
        writing.slice(writing.op('Shape', [value]), 0, 2, 4),
      ],
      { axis: { int: 0 } },
    ),
  ]);
}

function capped(writing: Writing, scores: string): string {
  const cap = floatAttribute(writing.node, 'softcap', 0);
  if (cap === 0) return scores;
  return writing.scaled(writing.op('Tanh', [writing.scaled(scores, 1 / cap)]), cap);
}

/** Scores with the mask added, or -∞ where a mask of booleans says no, or what is asked for lies in the future. */
function masked(writing: Writing, scores: string): string {
  const mask = writing.input(3);
  const low = (): string => writing.scalar(MASKED, scores);
  let result = scores;
  if (mask !== '') {
    result =
      writing.values.type(mask) === 'bool'
        ? writing.op('Where', [mask, result, low()])
        : writing.op('Add', [result, mask]);
  }
  if (intAttribute(writing.node, 'is_causal', 0) === 0) return result;
  const sides = [2, 3].map((axis) => writing.slice(writing.op('Shape', [scores]), 0, axis, axis + 1));
  const shape = writing.op('Concat', sides, { axis: { int: 0 } });
  const value = { type: 'int64', dims: [1], data: BigInt64Array.of(1n) } as const;
  const ones = writing.op('ConstantOfShape', [shape], { value: { tensor: value } });
  const past = writing.op('Cast', [writing.op('Trilu', [ones], { upper: { int: 0 } })], { to: { int: 9 } });
  return writing.op('Where', [past, result, low()]);
}
