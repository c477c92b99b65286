import { attributeOf, createAttribute } from '../../model/attributes.ts';
import { sizeOf } from '../../model/dims.ts';
import { ELEMENTS } from '../../model/element-type.ts';
import { mapGraph } from '../../model/map-model.ts';
import {
  type Graph,
  graphOf,
  isStandardDomain,
  type Model,
  type Node,
  nodeName,
  subgraphsOf,
  type TensorProtoValue,
  type ValueInfo,
} from '../../model/model.ts';
import { constantValue, createNode } from '../../model/node.ts';
import { readValues } from '../../model/read-values.ts';
import { RESULT_TYPES } from '../../model/type-attributes.ts';
import { declaredType } from '../../model/value-info.ts';
import { withFields } from '../../model/with-fields.ts';
import { ValueTable } from '../../shapes/value-table.ts';
import { freeName, namesIn } from '../../upgrade/inlined-body.ts';
import { hasFloat16, isFloat32Place } from './float16-operators.ts';
import type { HalfTensors, HalfType } from './half-tensors.ts';
import { nodesThatCount } from './nodes-that-count.ts';

const FLOAT32: number = ELEMENTS.float32.code;

/** How a graph is written. */
export interface HalfWriting {
  readonly type: HalfType;
  readonly tensors: HalfTensors;
  readonly keepIo: boolean;
}

/** Writes a graph in half precision, once. */
export class HalfWriter {
  readonly #graph: Graph;
  readonly #type: HalfType;
  readonly #tensors: HalfTensors;
  readonly #values: ValueTable;
  readonly #names: Set<string>;
  /** Nodes whose numbers count, or are the input's before its first layer. */
  readonly #counting: ReadonlySet<Node>;
  /** Values that are half in the graph to be. */
  readonly #halves: Set<string> = new Set();
  readonly #casts: Map<string, string> = new Map();
  readonly #nodes: Node[] = [];
  readonly #keepIo: boolean;

  constructor(model: Model, { type, tensors, keepIo }: HalfWriting) {
    this.#graph = graphOf(model);
    this.#type = type;
    this.#tensors = tensors;
    this.#values = new ValueTable(model);
    const { node, valueInfo } = this.#graph;
    this.#names = new Set([...namesIn(this.#graph), ...[...node, ...valueInfo].map(({ name }) => name)]);
    this.#keepIo = keepIo;
    const inputs = keepIo ? this.#graph.input.filter(isFloat32) : [];
    this.#counting = nodesThatCount(this.#graph, new Set(inputs.map(({ name }) => name)));
  }

  /** Weights and values. */
  values(): Graph {
    const graph = this.#graph;
    const keepIo = this.#keepIo;
    const constants = this.#constantsFor(({ node, input }) => this.#isHalfPlace(node, input));
    const overridable = new Set(graph.initializer.map(({ name }) => name));
    const inputs = graph.input.map((info) => {
      const isHalf = overridable.has(info.name) ? constants.has(info.name) : !keepIo && isFloat32(info);
      if (!isHalf) return info;
      this.#halves.add(info.name);
      return this.#halfInfo(info);
    });
    const initializer = graph.initializer.map((tensor) => this.#constant(tensor, constants));
    const outputs = new Map<string, string>();
    const made = new Set(graph.node.filter((node) => !this.#isKept(node)).flatMap(({ output }) => output));
    const isOutput = new Set(graph.output.filter(isFloat32).map(({ name }) => name));
    if (keepIo)
      for (const name of isOutput)
        if (made.has(name)) outputs.set(name, this.#unique(`${name}/${this.#type}`));
    for (const node of graph.node) this.#add(node, constants, outputs);
    for (const [name, inner] of outputs) if (this.#halves.has(inner)) this.#cast(name, inner, 'float32');
    const changed = (info: ValueInfo): ValueInfo =>
      this.#halves.has(info.name) && isFloat32(info) ? this.#halfInfo(info) : info;
    return withFields(graph, {
      node: this.#nodes,
      initializer,
      input: inputs,
      output: graph.output.map(changed),
      valueInfo: graph.valueInfo.map(changed),
    });
  }

  /** Weights alone. */
  weights(): Graph {
    const graph = this.#graph;
    const isLarge = (tensor: TensorProtoValue): boolean => sizeOf(tensor.dims.map(Number)) > 1;
    const held = new Set(graph.node.filter((node) => subgraphsOf(node).length > 0).flatMap(readValues));
    const inputs = new Set(graph.input.map(({ name }) => name));
    const constants = this.#constantsFor(
      ({ node, input, tensor }) =>
        isLarge(tensor) &&
        !held.has(node.input[input]!) &&
        !inputs.has(tensor.name) &&
        !this.#isCounted(node) &&
        !isFloat32Place(node, input),
    );
    const initializer = graph.initializer.map((tensor) => this.#constant(tensor, constants));
    for (const node of graph.node) {
      const value = this.#constantNode(node, constants);
      const input = node.input.map((name) => (this.#halves.has(name) ? this.#as('float32', name) : name));
      this.#nodes.push(value ?? withFields(node, { input }));
    }
    return withFields(graph, { node: this.#nodes, initializer });
  }

  /** Constants of float32 of which every place that reads them lets them be half. */
  #constantsFor(
    allows: (place: {
      readonly node: Node;
      readonly input: number;
      readonly tensor: TensorProtoValue;
    }) => boolean,
  ): ReadonlySet<string> {
    const tensors = new Map(this.#graph.initializer.map((tensor) => [tensor.name, tensor]));
    for (const node of this.#graph.node) {
      const tensor = constantValue(node);
      if (tensor !== undefined) tensors.set(node.output[0]!, tensor);
    }
    const found = new Set(
      [...tensors].filter(([, { dataType }]) => dataType === FLOAT32).map(([name]) => name),
    );
    for (const { name } of this.#graph.output) found.delete(name);
    const read = new Set<string>();
    for (const node of this.#graph.node) {
      const own = new Set(node.input);
      for (const name of readValues(node)) if (!own.has(name)) found.delete(name);
      node.input.forEach((name, input) => {
        const tensor = tensors.get(name);
        read.add(name);
        if (tensor !== undefined && !allows({ node, input, tensor })) found.delete(name);
      });
    }
    return new Set([...found].filter((name) => read.has(name)));
  }

  #constant(tensor: TensorProtoValue, constants: ReadonlySet<string>): TensorProtoValue {
    if (!constants.has(tensor.name)) return tensor;
    this.#halves.add(tensor.name);
    return this.#tensors.half(tensor, tensor.name);
  }

  #constantNode(node: Node, constants: ReadonlySet<string>): Node | undefined {
    const tensor = constantValue(node);
    if (tensor === undefined || !constants.has(node.output[0]!)) return undefined;
    this.#halves.add(node.output[0]!);
    const t = this.#tensors.half(tensor, node.output[0]!);
    return withFields(node, {
      attribute: node.attribute.map((one) => (one.name === 'value' ? withFields(one, { t }) : one)),
    });
  }

  #add(node: Node, constants: ReadonlySet<string>, outputs: ReadonlyMap<string, string>): void {
    if (node.opType === 'Constant' && isStandardDomain(node.domain)) {
      this.#nodes.push(this.#constantNode(node, constants) ?? node);
      return;
    }
    const isKept = this.#isKept(node);
    const input = node.input.map((name, i) => {
      if (name === '') return name;
      const inner = outputs.get(name) ?? name;
      if (isKept || !this.#isHalfPlace(node, i))
        return this.#halves.has(inner) ? this.#as('float32', inner) : inner;
      const isFloat = this.#values.type(name) === 'float32';
      return isFloat && !this.#halves.has(inner) ? this.#as(this.#type, inner) : inner;
    });
    if (isKept) {
      this.#nodes.push(withFields(this.#withCaptured(node, outputs), { input }));
      return;
    }
    const output = node.output.map((name) => {
      if (name === '') return name;
      const inner = outputs.get(name) ?? name;
      if (this.#values.type(name) === 'float32') this.#halves.add(inner);
      return inner;
    });
    this.#nodes.push(withFields(this.#halfNode(node), { input, output }));
  }

  /** Attributes that name or hold float32. */
  #halfNode(node: Node): Node {
    const attribute = node.attribute.map((one) => {
      if (RESULT_TYPES.has(one.name) && Number(one.i) === FLOAT32)
        return withFields(one, { i: BigInt(ELEMENTS[this.#type].code) });
      if (one.t?.dataType !== FLOAT32) return one;
      return withFields(one, { t: this.#tensors.half(one.t, nodeName(node)) });
    });
    const isZeros = node.opType === 'ConstantOfShape' && attributeOf(node, 'value') === undefined;
    const zero = { type: this.#type, dims: [1], data: new Uint16Array(1) } as const;
    if (isZeros) attribute.push(createAttribute('value', { tensor: zero }));
    return withFields(node, { attribute });
  }

  /** What the node's subgraphs read from outside, in float32. */
  #withCaptured(node: Node, outputs: ReadonlyMap<string, string>): Node {
    if (subgraphsOf(node).length === 0) return node;
    const names = new Map<string, string>();
    for (const name of readValues(node)) {
      const inner = outputs.get(name) ?? name;
      if (this.#halves.has(inner)) names.set(name, this.#as('float32', inner));
    }
    const renamed = (one: Node): Node =>
      withFields(one, { input: one.input.map((name) => names.get(name) ?? name) });
    const graph = (one: Graph): Graph => {
      const next = mapGraph(one, { node: renamed });
      const output = next.output.map((info) => withFields(info, { name: names.get(info.name) ?? info.name }));
      return withFields(next, { output });
    };
    return withFields(node, {
      attribute: node.attribute.map((one) =>
        withFields(one, {
          ...(one.g !== undefined && { g: graph(one.g) }),
          graphs: one.graphs.map(graph),
        }),
      ),
    });
  }

  /** Whether a node computes in float32 as before. */
  #isKept(node: Node): boolean {
    if (!hasFloat16(node)) return true;
    if (node.output.some((name) => name !== '' && this.#values.type(name) === undefined)) return true;
    return this.#isCounted(node);
  }

  /** Whether a node counts: float16 has whole numbers up to 2048. */
  #isCounted(node: Node): boolean {
    if (constantValue(node) !== undefined || /^(Shape|Size)$/.test(node.opType)) return false;
    return this.#counting.has(node);
  }

  #isHalfPlace(node: Node, input: number): boolean {
    return !this.#isKept(node) && !isFloat32Place(node, input);
  }

  /** The value in another type; cast once. */
  #as(type: HalfType | 'float32', value: string): string {
    const key = `${type} ${value}`;
    const known = this.#casts.get(key);
    if (known !== undefined) return known;
    const name = this.#unique(`${value}/${type}`);
    this.#casts.set(key, name);
    this.#cast(name, value, type);
    return name;
  }

  #cast(output: string, input: string, to: HalfType | 'float32'): void {
    const name = this.#unique(`${output}/cast`);
    this.#nodes.push(createNode(name, 'Cast', [input], [output], { to: { int: ELEMENTS[to].code } }));
  }

  #halfInfo(info: ValueInfo): ValueInfo {
    const type = info.type!;
    const tensor = type.value.value as { elemType: number };
    const value = { ...type.value, value: withFields(tensor, { elemType: ELEMENTS[this.#type].code }) };
    return withFields(info, { type: withFields(type, { value: value as typeof type.value }) });
  }

  #unique(hint: string): string {
    return freeName(hint, this.#names);
  }
}

function isFloat32(info: ValueInfo): boolean {
  return declaredType(info) === 'float32';
}
