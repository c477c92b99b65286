import { attributeOf, intAttribute } from '../../model/attributes.ts';
import { readTensor } from '../../model/tensor.ts';
import { addDimensions, multiplyDimensions } from '../dimension-arithmetic.ts';
import { shapeRange, sizeOfShape } from '../families/indexing.ts';
import { inputShape } from '../known-values.ts';
import { type Elements, type ElementsCall, type ElementsRule, fromPositions } from './elements.ts';

/** Constants that are written as attributes without a tensor. */
const constant: ElementsRule = ({ node }) => {
  const int = attributeOf(node, 'value_int');
  if (int !== undefined) return [Number(int.i)];
  const ints = attributeOf(node, 'value_ints');
  if (ints !== undefined) return ints.ints.map(Number);
  const float = attributeOf(node, 'value_float');
  return float !== undefined ? [float.f] : attributeOf(node, 'value_floats')?.floats;
};

const shape: ElementsRule = ({ node, values }) => {
  const x = inputShape(node, values, 0);
  return x?.slice(...shapeRange(node, x.length));
};

const size: ElementsRule = ({ node, values }) => [sizeOfShape(inputShape(node, values, 0))];

const constantOfShape: ElementsRule = ({ node, count }) => {
  const value = attributeOf(node, 'value')?.t;
  const filled = value === undefined ? 0 : numberIn(value);
  return filled === undefined ? undefined : new Array<number>(count).fill(filled);
};

function numberIn(tensor: Parameters<typeof readTensor>[0]): number | undefined {
  if (tensor.dataType === 10 || tensor.dims.reduce((a, b) => a * b, 1n) !== 1n) return undefined;
  return Number(readTensor(tensor).data[0]);
}

const range: ElementsRule = ({ input, count }) => {
  const [start, delta] = [input(0)?.elements[0], input(2)?.elements[0]];
  return Array.from({ length: count }, (_, i) => addDimensions(start, multiplyDimensions(delta, i)));
};

const eyeLike: ElementsRule = ({ node, dims }) => {
  const k = intAttribute(node, 'k', 0);
  return dims.length === 2
    ? fromPositions(dims, ([row, column]) => (column! - row! === k ? 1 : 0))
    : undefined;
};

const nonZero: ElementsRule = (call) => placesOfNonZero(call);

function placesOfNonZero({ input }: ElementsCall): Elements | undefined {
  const x = input(0);
  if (!x?.elements.every((element) => typeof element === 'number')) return undefined;
  const places: number[][] = [];
  let index = 0;
  fromPositions(x.dims, (position) => {
    if (x.elements[index++] !== 0) places.push([...position]);
    return 0;
  });
  return x.dims.flatMap((_, axis) => places.map((place) => place[axis]!));
}

/** Operators that make numbers of shapes and attributes. */
export const SOURCES: Readonly<Record<string, ElementsRule>> = {
  Constant: constant,
  Shape: shape,
  Size: size,
  ConstantOfShape: constantOfShape,
  Range: range,
  EyeLike: eyeLike,
  NonZero: nonZero,
};
