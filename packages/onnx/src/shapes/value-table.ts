import { attributeOf, intAttribute } from '../model/attributes.ts';
import { type ElementType, elementTypeOf } from '../model/element-type.ts';
import {
  type Graph,
  graphOf,
  type Model,
  type Node,
  type Shape,
  type TensorProtoValue,
} from '../model/model.ts';
import { readTensor, type TensorData } from '../model/tensor.ts';
import { declaredShape, declaredType } from '../model/value-info.ts';
import { inferShape } from './infer-shape.ts';

/** What is known of a graph's values before it runs. A value of unknown rank has no shape here. */
export interface ValueTable {
  shape(name: string): Shape | undefined;
  type(name: string): ElementType | undefined;
  /** The numbers of a constant: an initializer that no input overrides, or the output of a Constant node. */
  constant(name: string): TensorData | undefined;
  /** A small integer constant, such as axes or a shape. */
  integers(name: string): readonly number[] | undefined;
  /** Takes in a node that was added. */
  add(node: Node): void;
  /** Takes in a constant that was added. */
  addConstant(tensor: TensorProtoValue): void;
  /** Says what is known of a value by other means. */
  set(name: string, type: ElementType | undefined, shape: Shape | undefined): void;
}

/** What the declarations of a model say, and what follows from them node by node. */
export function valueTable(model: Model): ValueTable {
  const graph = graphOf(model);
  const shapes = new Map<string, Shape>();
  const types = new Map<string, ElementType>();
  const constants = constantsOf(graph);
  const table: ValueTable = {
    shape: (name) => shapes.get(name),
    type: (name) => types.get(name),
    constant: (name) => {
      const tensor = constants.get(name);
      return tensor && readTensor(tensor);
    },
    integers: (name) => integersOf(constants.get(name)),
    set(name, type, shape) {
      if (type !== undefined) types.set(name, type);
      if (shape !== undefined) shapes.set(name, shape);
    },
    addConstant(tensor) {
      constants.set(tensor.name, tensor);
      table.set(tensor.name, elementTypeOf(tensor.dataType), tensor.dims.map(Number));
    },
    add(node) {
      const value = node.opType === 'Constant' ? attributeOf(node, 'value')?.t : undefined;
      if (value !== undefined) constants.set(node.output[0]!, value);
      node.output.forEach((name, i) => {
        const type = outputType(node, i, types);
        if (type !== undefined && !types.has(name)) types.set(name, type);
        const shape = shapes.get(name) ?? inferShape(node, i, table);
        if (shape !== undefined) shapes.set(name, shape);
      });
    },
  };
  for (const info of [...graph.valueInfo, ...graph.input, ...graph.output]) {
    table.set(info.name, declaredType(info), declaredShape(info));
  }
  for (const tensor of graph.initializer) {
    table.set(tensor.name, elementTypeOf(tensor.dataType), tensor.dims.map(Number));
  }
  graph.node.forEach(table.add);
  return table;
}

function constantsOf(graph: Graph): Map<string, TensorProtoValue> {
  const overridable = new Set(graph.input.map(({ name }) => name));
  return new Map(graph.initializer.filter(({ name }) => !overridable.has(name)).map((t) => [t.name, t]));
}

function integersOf(tensor: TensorProtoValue | undefined): readonly number[] | undefined {
  const data = tensor && readTensor(tensor);
  if (data === undefined || (data.type !== 'int64' && data.type !== 'int32')) return undefined;
  return Array.from(data.data, Number);
}

const BOOLEAN: ReadonlySet<string> = new Set([
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'Not',
  'And',
  'Or',
  'Xor',
  'IsNaN',
  'IsInf',
]);
const INTEGER: ReadonlySet<string> = new Set(['Shape', 'Size', 'NonZero', 'ArgMax', 'ArgMin']);

/** Element types of second outputs that are not those of the first. */
const SECOND_OUTPUT: Readonly<Record<string, ElementType>> = {
  Dropout: 'bool',
  MaxPool: 'int64',
  TopK: 'int64',
};

/** Element type of a node's output: that of its first input, but for the operators that change it. */
function outputType(
  node: Node,
  output: number,
  types: ReadonlyMap<string, ElementType>,
): ElementType | undefined {
  if (output === 1 && SECOND_OUTPUT[node.opType] !== undefined) return SECOND_OUTPUT[node.opType];
  if (BOOLEAN.has(node.opType)) return 'bool';
  if (INTEGER.has(node.opType)) return 'int64';
  switch (node.opType) {
    case 'Cast':
      return elementTypeOf(intAttribute(node, 'to', 0));
    case 'Where':
    case 'OneHot':
      return types.get(node.input[node.opType === 'Where' ? 1 : 2]!);
    case 'CastLike':
      return types.get(node.input[1]!);
    case 'Constant':
    case 'ConstantOfShape': {
      const value = attributeOf(node, 'value')?.t;
      return value === undefined ? 'float32' : elementTypeOf(value.dataType);
    }
    default:
      return node.input[0] === undefined ? undefined : types.get(node.input[0]);
  }
}
