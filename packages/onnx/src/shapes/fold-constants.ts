import { ELEMENTS, type ElementType, isHalf } from '../model/element-type.ts';
import {
  type Dimension,
  type Graph,
  graphOf,
  type Model,
  type Node,
  type TensorProtoValue,
} from '../model/model.ts';
import { readValues } from '../model/read-values.ts';
import { createTensor, type TensorData } from '../model/tensor.ts';
import { withFields } from '../model/with-fields.ts';
import { ValueTable } from './value-table.ts';

/**
 * The model with constants in the place of nodes whose result is known before it runs: small values that follow from
 * constants and from shapes, as far as these are known. What nothing reads any more is left out; outputs stay.
 *
 * @param isVariable names of constants that may change, such as those that train; nothing that reads them is folded
 * @param isFolded element types of what is folded; all by default
 */
export function foldConstants(
  model: Model,
  isVariable: (name: string) => boolean,
  isFolded: (type: ElementType) => boolean = () => true,
): Model {
  const graph = graphOf(model);
  const values = new ValueTable(model);
  const outputs = new Set(graph.output.map(({ name }) => name));
  const held = graph.node.filter(({ opType }) => opType === 'Constant').flatMap(({ output }) => output);
  const variables = new Set([...graph.initializer.map(({ name }) => name), ...held].filter(isVariable));
  const folded = new Map<string, TensorProtoValue>();
  const kept = graph.node.filter((node) => {
    const tellsShape = node.opType === 'Shape' || node.opType === 'Size';
    const isFixed = tellsShape || !readValues(node).some((name) => variables.has(name));
    if (!isFixed) for (const name of node.output) variables.add(name);
    const names = node.output.filter((name) => name !== '');
    if (!isFixed || node.opType === 'Constant' || names.some((name) => outputs.has(name))) return true;
    const isAsked = names.every((name) => isFolded(values.type(name) ?? 'float32'));
    const tensors = isAsked ? names.map((name) => knownTensor(name, values)) : [undefined];
    if (!tensors.every((tensor) => tensor !== undefined)) return true;
    for (const tensor of tensors) folded.set(tensor.name, tensor);
    return false;
  });
  return withFields(model, { graph: withoutUnread(graph, kept, folded, isVariable) });
}

/** A value that is known in full, as a constant. */
function knownTensor(name: string, values: ValueTable): TensorProtoValue | undefined {
  const [type, shape, elements] = [values.type(name), values.shape(name), values.elements(name)];
  if (type === undefined || isHalf(type) || !shape?.every((dim) => typeof dim === 'number')) return undefined;
  const isWhole = !type.startsWith('float');
  const isKnown = (element: Dimension): element is number =>
    typeof element === 'number' && (!isWhole || Number.isSafeInteger(element));
  return elements?.every(isKnown) ? createTensor(name, filled(type, shape, elements)) : undefined;
}

function filled(type: ElementType, dims: readonly number[], numbers: readonly number[]): TensorData {
  const { create, bytes } = ELEMENTS[type];
  const data = create(new ArrayBuffer(bytes * numbers.length));
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.set(numbers.map(BigInt));
  else data.set(numbers);
  return { type, dims, data } as TensorData;
}

/** The graph of what outputs are made of. */
function withoutUnread(
  graph: Graph,
  nodes: readonly Node[],
  folded: ReadonlyMap<string, TensorProtoValue>,
  isVariable: (name: string) => boolean,
): Graph {
  const before = new Set(graph.node.flatMap(readValues));
  const read = new Set(graph.output.map(({ name }) => name));
  const node: Node[] = [];
  for (const one of [...nodes].reverse()) {
    if (!one.output.some((name) => read.has(name))) continue;
    node.push(one);
    for (const name of readValues(one)) read.add(name);
  }
  const stays = ({ name }: TensorProtoValue): boolean =>
    read.has(name) || !before.has(name) || isVariable(name);
  const more = [...folded.values()].filter(({ name }) => read.has(name));
  return withFields(graph, {
    node: node.reverse(),
    initializer: [...graph.initializer.filter(stays), ...more],
  });
}
