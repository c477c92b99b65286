import { attributeOf, intAttribute } from '../model/attributes.ts';
import { type ElementType, elementTypeOf } from '../model/element-type.ts';
import { type Node, subgraphsOf } from '../model/model.ts';
import { declaredType } from '../model/value-info.ts';

const names = (list: string): ReadonlySet<string> => new Set(list.split(' '));

const BOOLEAN = names('Equal Greater GreaterOrEqual Less LessOrEqual Not And Or Xor IsNaN IsInf');
const INTEGER = names('Shape Size NonZero ArgMax ArgMin NonMaxSuppression');

/** Element types of outputs after the first that are not those of the first. */
const LATER_OUTPUTS: Readonly<Record<string, ElementType>> = {
  Dropout: 'bool',
  MaxPool: 'int64',
  TopK: 'int64',
  Unique: 'int64',
};

/** Which input has the element type of the result, where it is not the first. */
const LIKE_INPUT: Readonly<Record<string, number>> = {
  Where: 1,
  OneHot: 2,
  CastLike: 1,
  QLinearConv: 7,
  QLinearMatMul: 7,
  DequantizeLinear: 1,
};

/** Element type of a node's output: that of its first input, but for the operators that change it. */
export function inferType(
  node: Node,
  output: number,
  typeOf: (name: string) => ElementType | undefined,
): ElementType | undefined {
  const { opType } = node;
  if (output > 0 && Object.hasOwn(LATER_OUTPUTS, opType)) return LATER_OUTPUTS[opType];
  if (BOOLEAN.has(opType)) return 'bool';
  if (INTEGER.has(opType)) return 'int64';
  const like = typeOf(node.input[Object.hasOwn(LIKE_INPUT, opType) ? LIKE_INPUT[opType]! : 0] ?? '');
  switch (opType) {
    case 'Cast':
      return elementTypeOf(intAttribute(node, 'to', 0));
    case 'Constant':
      return constantType(node);
    case 'ConstantOfShape': {
      const value = attributeOf(node, 'value')?.t;
      return value === undefined ? 'float32' : elementTypeOf(value.dataType);
    }
    case 'ConvInteger':
    case 'MatMulInteger':
      return 'int32';
    case 'DynamicQuantizeLinear':
      return output === 1 ? 'float32' : 'uint8';
    case 'QuantizeLinear':
      return typeOf(node.input[2] ?? '') ?? elementTypeOf(intAttribute(node, 'output_dtype', 2));
    case 'RandomNormal':
    case 'RandomUniform':
      return elementTypeOf(intAttribute(node, 'dtype', 1));
    case 'RandomNormalLike':
    case 'RandomUniformLike':
    case 'EyeLike':
    case 'Bernoulli':
      return attributeOf(node, 'dtype') === undefined ? like : elementTypeOf(intAttribute(node, 'dtype', 1));
    case 'Multinomial':
      return elementTypeOf(intAttribute(node, 'dtype', 6));
    case 'If':
    case 'Scan':
      return bodyType(node, output);
    case 'Loop':
      return bodyType(node, output + 1);
    case 'HannWindow':
    case 'HammingWindow':
    case 'BlackmanWindow':
      return elementTypeOf(intAttribute(node, 'output_datatype', 1));
    default:
      return like;
  }
}

/** What a subgraph declares of an output. */
function bodyType(node: Node, output: number): ElementType | undefined {
  const info = subgraphsOf(node)[0]?.output[output];
  return info && declaredType(info);
}

function constantType(node: Node): ElementType | undefined {
  const sparse = attributeOf(node, 'sparse_value')?.sparseTensor?.values;
  if (sparse !== undefined) return elementTypeOf(sparse.dataType);
  const tensor = attributeOf(node, 'value')?.t;
  if (tensor !== undefined) return elementTypeOf(tensor.dataType);
  if (node.attribute.some(({ name }) => name === 'value_int' || name === 'value_ints')) return 'int64';
  return node.attribute.some(({ name }) => name === 'value_float' || name === 'value_floats')
    ? 'float32'
    : undefined;
}
