import { intAttribute } from '../../model/attributes.ts';
import { isStandardDomain, type Node, subgraphsOf } from '../../model/model.ts';
import type { ValueTable } from '../../shapes/value-table.ts';

/** Operators that cost about as much as reading their result from memory would. */
const CHEAP: ReadonlySet<string> = new Set(
  (
    'Identity Neg Abs Sign Sqrt Reciprocal Relu LeakyRelu PRelu Clip HardSigmoid HardSwish Sigmoid Tanh Cast CastLike ' +
    'Elu Celu Selu Softplus Softsign Mish Swish Gelu Erf ThresholdedRelu Shrink Floor Ceil Round ' +
    'Add Sub Mul Div Mod Sum Mean Min Max Where IsNaN IsInf Equal Less LessOrEqual Greater GreaterOrEqual Not And Or ' +
    'Reshape Flatten Squeeze Unsqueeze Transpose Slice Pad Concat Split Expand Shape Size Range ConstantOfShape Constant'
  ).split(' '),
);

const RANDOM: ReadonlySet<string> = new Set([
  'Bernoulli',
  'Multinomial',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
]);

/** Whether the way back may compute a node once more instead of reading what it gave the first time. */
export type Recomputation = (node: Node, values: ValueTable) => boolean;

/** Element by element, or a copy in another layout; frozen batch normalisation among them. */
export const isCheap: Recomputation = (node, values) => {
  if (!isDeterministic(node, values)) return false;
  if (node.opType === 'BatchNormalization') return intAttribute(node, 'training_mode', 0) === 0;
  return CHEAP.has(node.opType) || node.opType === 'Dropout';
};

/**
 * Whether a node gives the same result every time. A Dropout with a `seed` attribute does not: the seed starts a
 * sequence of masks. Of operators outside the standard nothing is known, nor of those with subgraphs.
 */
export const isDeterministic: Recomputation = (node, values) => {
  if (!isStandardDomain(node.domain) || RANDOM.has(node.opType)) return false;
  if (subgraphsOf(node).length > 0) return false;
  return node.opType !== 'Dropout' || isIdle(node, values);
};

/** Whether a Dropout is known to let everything through. */
function isIdle(node: Node, values: ValueTable): boolean {
  const training = node.input[2] ?? '';
  return training === '' || values.constant(training)?.data[0] === 0;
}
