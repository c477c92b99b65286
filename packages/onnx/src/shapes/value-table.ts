import { sizeOf } from '../model/dims.ts';
import { type ElementType, elementTypeOf, isHalf } from '../model/element-type.ts';
import { TensorProto_DataLocation } from '../model/messages/onnx_pb.js';
import {
  type Dimension,
  type Graph,
  graphOf,
  isStandardDomain,
  type Model,
  type Node,
  type Shape,
  type TensorProtoValue,
} from '../model/model.ts';
import { constantValue } from '../model/node.ts';
import { readTensor, type TensorData } from '../model/tensor.ts';
import { declaredShape, declaredType } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';
import { inferShape } from './infer-shape.ts';
import { inferType } from './infer-type.ts';
import { PARTIAL_LIMIT, partialValue } from './partial-values.ts';

/**
 * What is known of a model's values before it runs: what its declarations say, and what follows from them node by node.
 * A value of unknown rank has no shape here.
 */
export class ValueTable {
  readonly #shapes: Map<string, Shape> = new Map();
  readonly #types: Map<string, ElementType> = new Map();
  readonly #constants: Map<string, TensorProtoValue>;
  readonly #elements: Map<string, readonly Dimension[]> = new Map();
  /** Whether a dimension is one that an input leaves open. */
  readonly #isFree: (dim: Dimension) => boolean;

  constructor(model: Model) {
    const graph = graphOf(model);
    const open = new Set(graph.input.flatMap((info) => declaredShape(info) ?? []));
    this.#isFree = (dim) => typeof dim === 'string' && open.has(dim);
    this.#constants = constantsOf(graph);
    for (const info of [...graph.valueInfo, ...graph.input, ...graph.output])
      this.set(info.name, declaredType(info), declaredShape(info));
    for (const { name, dataType, dims } of graph.initializer)
      this.set(name, elementTypeOf(dataType), dims.map(Number));
    for (const { values, dims } of graph.sparseInitializer)
      if (values !== undefined) this.set(values.name, elementTypeOf(values.dataType), dims.map(Number));
    for (const node of graph.node) this.add(node);
  }

  /** What a model declares alone: its nodes are to be added one by one. */
  static ofDeclarations(model: Model): ValueTable {
    return new ValueTable(withFields(model, { graph: withFields(graphOf(model), { node: [] }) }));
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

  /** Small integers that are known, such as axes or a shape: of a constant, or computed from shapes. */
  integers(name: string): readonly number[] | undefined {
    const type = this.type(name);
    if (type !== 'int64' && type !== 'int32') return undefined;
    const elements = this.elements(name);
    return elements?.every((element) => typeof element === 'number') ? elements : undefined;
  }

  /**
   * Elements of a small value, row-major, each as far as it is known: a number, an expression of dimensions, or
   * `undefined`. Booleans are 0 and 1.
   */
  elements(name: string): readonly Dimension[] | undefined {
    const known = this.#elements.get(name);
    if (known !== undefined) return known;
    const tensor = this.#constants.get(name);
    const elements = tensor && smallElements(tensor);
    if (elements !== undefined) this.#elements.set(name, elements);
    return elements;
  }

  /** Takes in a node that was added. */
  add(node: Node): void {
    const value = constantValue(node);
    if (value !== undefined && node.output[0] !== undefined) this.#constants.set(node.output[0], value);
    const isStandard = isStandardDomain(node.domain);
    node.output.forEach((name, i) => {
      if (name === '') return;
      const type =
        this.type(name) ?? (isStandard ? inferType(node, i, (input) => this.type(input)) : undefined);
      this.set(name, type, refined(this.shape(name), inferShape(node, i, this), this.#isFree));
      const elements = value === undefined ? partialValue(node, i, this) : undefined;
      if (elements !== undefined) this.#elements.set(name, elements);
    });
  }

  /** Takes in a constant that was added. */
  addConstant(tensor: TensorProtoValue): void {
    this.#constants.set(tensor.name, tensor);
    this.#elements.delete(tensor.name);
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

/** Elements of a constant; `undefined` where it is large, stands in another file, or holds no plain numbers. */
function smallElements(tensor: TensorProtoValue): readonly number[] | undefined {
  const type = elementTypeOf(tensor.dataType);
  if (type === undefined || isHalf(type) || tensor.dataLocation === TensorProto_DataLocation.EXTERNAL)
    return undefined;
  if (!(sizeOf(tensor.dims.map(Number)) <= PARTIAL_LIMIT)) return undefined;
  return Array.from(readTensor(tensor).data as Float32Array, Number);
}

/**
 * What follows from the node, and what is declared where nothing does. Declarations of values inside a file may be old:
 * tools that free a batch or replace layers leave them as they were, and runtimes take no notice of them.
 */
function refined(
  declared: Shape | undefined,
  inferred: Shape | undefined,
  isFree: (dim: Dimension) => boolean,
): Shape | undefined {
  if (declared === undefined || inferred === undefined || declared.length !== inferred.length)
    return inferred ?? declared;
  return declared.map((dim, axis) => {
    const found = inferred[axis];
    return typeof dim === 'number' && typeof found !== 'number' && !isFree(found) ? dim : (found ?? dim);
  });
}
