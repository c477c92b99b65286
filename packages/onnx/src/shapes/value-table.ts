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
import { constantValue } from '../model/node.ts';
import { readTensor, type TensorData } from '../model/tensor.ts';
import { declaredShape, declaredType } from '../model/value-info.ts';
import { inferShape } from './infer-shape.ts';

/**
 * What is known of a model's values before it runs: what its declarations say, and what follows from them node by node.
 * A value of unknown rank has no shape here.
 */
export class ValueTable {
  readonly #shapes: Map<string, Shape> = new Map();
  readonly #types: Map<string, ElementType> = new Map();
  readonly #constants: Map<string, TensorProtoValue>;

  constructor(model: Model) {
    const graph = graphOf(model);
    this.#constants = constantsOf(graph);
    for (const info of [...graph.valueInfo, ...graph.input, ...graph.output])
      this.set(info.name, declaredType(info), declaredShape(info));
    for (const { name, dataType, dims } of graph.initializer)
      this.set(name, elementTypeOf(dataType), dims.map(Number));
    for (const node of graph.node) this.add(node);
  }

  shape(name: string): Shape | undefined {
    return this.#shapes.get(name);
  }

  type(name: string): ElementType | undefined {
    return this.#types.get(name);
  }

  /** The numbers of a constant: an initializer that no input overrides, or the output of a Constant node. */
  constant(name: string): TensorData | undefined {
    const tensor = this.#constants.get(name);
    return tensor && readTensor(tensor);
  }

  /** A small integer constant, such as axes or a shape. */
  integers(name: string): readonly number[] | undefined {
    const tensor = this.constant(name);
    const isInteger = tensor?.type === 'int64' || tensor?.type === 'int32';
    return isInteger ? Array.from(tensor.data, Number) : undefined;
  }

  /** Takes in a node that was added. */
  add(node: Node): void {
    const value = constantValue(node);
    if (value !== undefined) this.#constants.set(node.output[0]!, value);
    node.output.forEach((name, i) => {
      const type = this.type(name) ?? outputType(node, i, this.#types);
      this.set(name, type, this.shape(name) ?? inferShape(node, i, this));
    });
  }

  /** Takes in a constant that was added. */
  addConstant(tensor: TensorProtoValue): void {
    this.#constants.set(tensor.name, tensor);
    this.set(tensor.name, elementTypeOf(tensor.dataType), tensor.dims.map(Number));
  }

  /** Says what is known of a value by other means. */
  set(name: string, type: ElementType | undefined, shape: Shape | undefined): void {
    if (type !== undefined) this.#types.set(name, type);
    if (shape !== undefined) this.#shapes.set(name, shape);
  }
}

function constantsOf(graph: Graph): Map<string, TensorProtoValue> {
  const overridable = new Set(graph.input.map(({ name }) => name));
  return new Map(graph.initializer.filter(({ name }) => !overridable.has(name)).map((t) => [t.name, t]));
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
