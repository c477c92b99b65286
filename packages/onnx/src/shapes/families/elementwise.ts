import { broadcastShapes } from '../broadcast.ts';
import type { ShapeRule, ShapeRules } from '../known-values.ts';

const SAME =
  'Identity Neg Exp Log Sqrt Relu LeakyRelu PRelu Sigmoid Tanh Clip Erf HardSigmoid HardSwish Softmax LogSoftmax ' +
  'Reciprocal Cast CastLike Dropout BatchNormalization InstanceNormalization Gelu Abs Softplus Elu Selu Not Celu Mish ' +
  'Swish Softsign ThresholdedRelu Shrink Sign Floor Ceil Round Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh ' +
  'Hardmax GroupNormalization RMSNormalization SimplifiedLayerNormalization LpNormalization LRN ' +
  'MeanVarianceNormalization CumSum CumProd Trilu IsNaN IsInf BitwiseNot ScatterND ScatterElements Scatter ' +
  'RotaryEmbedding QuantizeLinear DequantizeLinear EyeLike RandomNormalLike RandomUniformLike Bernoulli ' +
  'ReverseSequence TensorScatter';

const BROADCAST =
  'Add Sub Mul Div Pow Where Equal Greater GreaterOrEqual Less LessOrEqual And Or Xor Sum Max Min Mean Mod BitShift ' +
  'BitwiseAnd BitwiseOr BitwiseXor';

const same: ShapeRule = (node, _, x, output) =>
  output === 0 || (node.opType === 'Dropout' && output === 1) ? x : undefined;

const broadcast: ShapeRule = (node, values, _, output) =>
  output === 0 ? broadcastShapes(node.input.map((name) => values.shape(name))) : undefined;

const named = (names: string, rule: ShapeRule): ShapeRules =>
  Object.fromEntries(names.split(' ').map((name) => [name, rule]));

/** Operators whose result has the shape of their input, or of their inputs combined element by element. */
export const ELEMENTWISE: ShapeRules = {
  ...named(SAME, same),
  ...named(BROADCAST, broadcast),
  BatchNormalization: (node, values, x, output) => {
    // Running statistics have the shape of the scale.
    return output === 0 ? x : values.shape(node.input[1] ?? '');
  },
  DynamicQuantizeLinear: (_, __, x, output) => (output === 0 ? x : []),
};
