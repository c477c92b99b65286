import { create } from '@bufbuild/protobuf';
import { OperatorSetIdProtoSchema } from 'onnx-buf';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxOpsetError, UnsupportedOperatorError } from '../errors.ts';
import { intAttribute, intsAttribute } from '../model/attributes.ts';
import { graphOf, isStandardDomain, type Model, type Node, nodeName } from '../model/model.ts';
import { createNode } from '../model/node.ts';
import { DEFAULT_OPSET, OLDEST_OPSET, opsetOf } from '../model/opset.ts';
import { withFields } from '../model/with-fields.ts';

/** IR version that goes with opset 17. */
const IR_VERSION = 8n;

/**
 * A model of opset 11 to 16 with the same meaning in opset 17: axes and splits become inputs, and softmax over all
 * axes from one on becomes softmax over the last axis of a matrix. Later models are returned as they are.
 *
 * @throws OnnxOpsetError for an opset below 11, or a later one than is known
 * @throws UnsupportedOperatorError for an older node whose form in opset 17 is not known here
 */
export function upgradeModel(model: Model): Model {
  const opset = opsetOf(model);
  if (opset >= DEFAULT_OPSET) return model;
  if (opset < OLDEST_OPSET) {
    const fix = 'convert the model with the version converter of ONNX.';
    throw new OnnxOpsetError(opset, `${OLDEST_OPSET} or later`, fix);
  }
  const graph = graphOf(model);
  const builder = new GraphBuilder({}, withFields(model, { graph: withFields(graph, { node: [] }) }));
  const taken = new Set(graph.node.flatMap((node) => node.output));
  for (const node of graph.node) upgradeNode(new Upgrade(builder, taken), node, opset);
  const others = model.opsetImport.filter(({ domain }) => !isStandardDomain(domain));
  const standard = create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(DEFAULT_OPSET) });
  const irVersion = model.irVersion > IR_VERSION ? model.irVersion : IR_VERSION;
  return withFields(builder.build(), { irVersion, opsetImport: [standard, ...others] });
}

/** Writes nodes under names that the rest of the old graph does not use. */
class Upgrade {
  readonly #builder: GraphBuilder;
  readonly #taken: ReadonlySet<string>;

  constructor(builder: GraphBuilder, taken: ReadonlySet<string>) {
    this.#builder = builder;
    this.#taken = taken;
  }

  add(node: Node): void {
    this.#builder.add(node);
  }

  name(hint: string): string {
    let name = this.#builder.uniqueName(hint);
    while (this.#taken.has(name)) name = this.#builder.uniqueName(`${name}_`);
    return name;
  }

  integers(values: readonly number[], hint: string): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.#builder.initializer(this.name(hint), { type: 'int64', dims: [values.length], data });
  }
}

function upgradeNode(upgrade: Upgrade, node: Node, opset: number): void {
  const hasSubgraph = node.attribute.some(({ g, graphs }) => g !== undefined || graphs.length > 0);
  if (hasSubgraph) throw refused(node, 'without subgraphs');
  const isSoftmax = isStandardDomain(node.domain) && /^(Log)?Softmax$/.test(node.opType);
  if (opset < 13 && isSoftmax) upgradeSoftmax(upgrade, node);
  else upgrade.add(isStandardDomain(node.domain) ? upgradedNode(upgrade, node, opset) : node);
}

/** The node that says the same in opset 17. */
function upgradedNode(upgrade: Upgrade, node: Node, opset: number): Node {
  if (opset < 13 && node.opType in AS_INPUT) return attributeAsInput(upgrade, node);
  if (opset < 13 && node.opType === 'Hardmax') throw refused(node, 'of opset 13 or later');
  if (opset < 12 && node.opType === 'Dropout') return without(node, 'ratio');
  if (opset >= 14 || node.opType !== 'BatchNormalization') return node;
  if (node.output.length > 1) throw refused(node, 'of inference, with one output');
  return without(node, 'momentum');
}

const AS_INPUT: Readonly<Record<string, string>> = {
  Squeeze: 'axes',
  Unsqueeze: 'axes',
  ReduceSum: 'axes',
  Split: 'split',
};

function attributeAsInput(upgrade: Upgrade, node: Node): Node {
  const attribute = AS_INPUT[node.opType]!;
  const values = intsAttribute(node, attribute);
  if (values === undefined) return node;
  const input = [node.input[0]!, upgrade.integers(values, `${node.output[0]}/${attribute}`)];
  return withFields(without(node, attribute), { input });
}

function without(node: Node, attribute: string): Node {
  return withFields(node, { attribute: node.attribute.filter(({ name }) => name !== attribute) });
}

/** Before opset 13, softmax took the axes from `axis` (1 by default) on as one. */
function upgradeSoftmax(upgrade: Upgrade, node: Node): void {
  const axis = intAttribute(node, 'axis', 1);
  if (axis === -1) upgrade.add(node);
  else softmaxOfMatrix(upgrade, node, axis);
}

function softmaxOfMatrix(upgrade: Upgrade, node: Node, axis: number): void {
  const [x, y] = [node.input[0]!, node.output[0]!];
  const [rows, result, shape] = ['rows', 'softmax', 'shape'].map((part) => upgrade.name(`${y}/${part}`));
  upgrade.add(createNode(rows!, 'Flatten', [x], [rows!], { axis: { int: axis } }));
  upgrade.add(createNode(nodeName(node), node.opType, [rows!], [result!], { axis: { int: -1 } }));
  upgrade.add(createNode(shape!, 'Shape', [x], [shape!]));
  upgrade.add(createNode(`${y}/reshape`, 'Reshape', [result!, shape!], [y]));
}

function refused(node: Node, expected: string): UnsupportedOperatorError {
  return new UnsupportedOperatorError(
    nodeName(node),
    node.opType,
    `${node.opType} ${expected}`,
    `export the model with opset ${DEFAULT_OPSET}.`,
  );
}
