import { intAttribute, stringAttribute } from '../../model/attributes.ts';
import type { Dimension, Shape } from '../../model/model.ts';
import { broadcastShapes } from '../broadcast.ts';
import { addDimensions, divideDimensions, multiplyDimensions } from '../dimension-arithmetic.ts';
import { inputShape, isGiven, type ShapeRule, type ShapeRules } from '../known-values.ts';

/** Shape of a matrix product, of vectors too. */
function product(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (a === undefined || b === undefined || a.length === 0 || b.length === 0) return undefined;
  const batch = broadcastShapes([a.slice(0, -2), b.slice(0, -2)]);
  const rows = a.length === 1 ? [] : [a.at(-2)];
  const columns = b.length === 1 ? [] : [b.at(-1)];
  return batch && [...batch, ...rows, ...columns];
}

const matMul: ShapeRule = (node, values, a) => product(a, inputShape(node, values, 1));
const quantizedMatMul: ShapeRule = (node, values, a) => product(a, inputShape(node, values, 3));

const gemm: ShapeRule = (node, values, a) => {
  const b = inputShape(node, values, 1);
  const [rows, columns] = [intAttribute(node, 'transA', 0) !== 0, intAttribute(node, 'transB', 0) !== 0];
  return [a?.[rows ? 1 : 0], b?.[columns ? 0 : 1]];
};

const einsum: ShapeRule = (node, values) => {
  const [left, right] = stringAttribute(node, 'equation', '').replace(/\s/g, '').split('->');
  const terms = left?.split(',') ?? [];
  if (terms.length !== node.input.length) return undefined;
  const sizes = new Map<string, Dimension>();
  let ellipsis: Shape | undefined = [];
  for (const [i, term] of terms.entries()) {
    const x = values.shape(node.input[i] ?? '');
    const letters = term.replace('...', '');
    const [before] = term.split('...');
    const hidden = x === undefined ? undefined : x.length - letters.length;
    if (term.includes('...')) {
      const inner: Shape | undefined =
        hidden === undefined || hidden < 0 ? undefined : x?.slice(before!.length, before!.length + hidden);
      ellipsis = broadcastShapes([ellipsis, inner]);
    } else if (hidden !== undefined && hidden !== 0) return undefined;
    for (const [at, letter] of [...letters].entries()) {
      const isAfter = term.includes('...') && at >= before!.length;
      const dim = x === undefined || hidden === undefined ? undefined : x[isAfter ? at + hidden : at];
      const known = sizes.get(letter);
      const isBetter =
        known === undefined ||
        known === 1 ||
        (typeof known === 'string' && typeof dim === 'number' && dim !== 1);
      if (isBetter) sizes.set(letter, dim ?? known);
    }
  }
  const all = terms.join('').replaceAll('...', '');
  const once = [...sizes.keys()].filter((letter) => all.split(letter).length === 2).sort();
  const target = right ?? (left!.includes('...') ? '...' : '') + once.join('');
  if (target.includes('...') && ellipsis === undefined) return undefined;
  const [before, after] = target.split('...');
  const dimsOf = (letters: string): Shape => [...letters].map((letter) => sizes.get(letter));
  return [...dimsOf(before ?? ''), ...(target.includes('...') ? ellipsis! : []), ...dimsOf(after ?? '')];
};

/** The result, then the keys and values with those of the past, then the scores. */
const attention: ShapeRule = (node, values, q, output) => {
  const [k, v] = [inputShape(node, values, 1), inputShape(node, values, 2)];
  if (q === undefined || v === undefined || k === undefined) return undefined;
  const past = isGiven(node, 4) ? inputShape(node, values, 4)?.[2] : 0;
  const isFlat = q.length === 3;
  const heads = isFlat ? intAttribute(node, 'q_num_heads', 0) || undefined : q[1];
  const keyHeads = isFlat ? intAttribute(node, 'kv_num_heads', 0) || undefined : k[1];
  const steps = isFlat ? q[1] : q[2];
  const width = isFlat ? divideDimensions(v[2], keyHeads) : v[3];
  const keys = addDimensions(past, isFlat ? k[1] : k[2]);
  if (output === 0)
    return isFlat ? [q[0], steps, multiplyDimensions(heads, width)] : [q[0], heads, steps, width];
  if (output === 1) return [k[0], keyHeads, keys, isFlat ? divideDimensions(k[2], keyHeads) : k[3]];
  if (output === 2) return [v[0], keyHeads, keys, width];
  return output === 3 ? [q[0], heads, steps, keys] : undefined;
};

/** Products of matrices. */
export const PRODUCTS: ShapeRules = {
  MatMul: matMul,
  MatMulInteger: matMul,
  QLinearMatMul: quantizedMatMul,
  Gemm: gemm,
  Einsum: einsum,
  Attention: attention,
};
