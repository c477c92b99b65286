import { isStandardDomain, type Node, type Shape } from '../model/model.ts';
import { ELEMENTWISE } from './families/elementwise.ts';
import { INDEXING } from './families/indexing.ts';
import { LAYOUT } from './families/layout.ts';
import { PRODUCTS } from './families/products.ts';
import { RECURRENT } from './families/recurrent.ts';
import { REDUCTIONS } from './families/reductions.ts';
import { SLICES } from './families/slices.ts';
import { WINDOWS } from './families/windows.ts';
import { type KnownValues, RANK_LIMIT, type ShapeRules } from './known-values.ts';

const RULES: ShapeRules = {
  ...ELEMENTWISE,
  ...REDUCTIONS,
  ...WINDOWS,
  ...RECURRENT,
  ...LAYOUT,
  ...SLICES,
  ...INDEXING,
  ...PRODUCTS,
};

/** Standard operators whose shapes are inferred. */
export const OPERATORS: readonly string[] = Object.keys(RULES);

/** Operators that have several outputs with a shape of their own; others tell that of their first. */
const SEVERAL: ReadonlySet<string> = new Set(
  (
    'Dropout BatchNormalization DynamicQuantizeLinear LayerNormalization RMSNormalization MaxPool LSTM GRU RNN Split ' +
    'TopK Unique Attention SoftmaxCrossEntropyLoss'
  ).split(' '),
);

/**
 * Shape of a node's output, as far as it follows from its inputs; `undefined` if not even the rank does, or if the node
 * makes no sense.
 */
export function inferShape(node: Node, output: number, values: KnownValues): Shape | undefined {
  if (!isStandardDomain(node.domain) || !Object.hasOwn(RULES, node.opType)) return undefined;
  if (output > 0 && !SEVERAL.has(node.opType)) return undefined;
  const shape = RULES[node.opType]!(node, values, values.shape(node.input[0] ?? ''), output);
  if (shape === undefined || shape.length > RANK_LIMIT) return undefined;
  return shape.map((dim) =>
    typeof dim === 'number' && !(Number.isSafeInteger(dim) && dim >= 0) ? undefined : dim,
  );
}
