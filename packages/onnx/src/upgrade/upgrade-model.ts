import { create } from '@bufbuild/protobuf';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxOpsetError, Refusals, type UnsupportedOperatorError } from '../errors.ts';
import { intAttribute, intsAttribute } from '../model/attributes.ts';
import { int64List } from '../model/integers.ts';
import { OperatorSetIdProtoSchema } from '../model/messages/onnx_pb.js';
import {
  type Attribute,
  type Graph,
  graphOf,
  isStandardDomain,
  type Model,
  type Node,
  nodeName,
  subgraphsOf,
  unsupported,
} from '../model/model.ts';
import { createNode } from '../model/node.ts';
import { DEFAULT_OPSET, OLDEST_OPSET, opsetOf } from '../model/opset.ts';
import { readFromOutside, readValues } from '../model/read-values.ts';
import { createValueInfo } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';
import { ValueTable } from '../shapes/value-table.ts';
import { namesIn } from './inlined-body.ts';
import { oldForms } from './old-forms.ts';
import { standardForm } from './standard-form.ts';

/** IR version that goes with opset 17. */
const IR_VERSION = 8n;

/**
 * A model of opset 7 to 16 with the same meaning in opset 17: axes and splits become inputs, and softmax over all
 * axes from one on becomes softmax over the last axis of a matrix; in the graphs inside nodes too. In models of every
 * opset, branches that are known to be taken and calls of functions are inlined, and operators that others are made of
 * are written out. A model with nothing of all this is returned as it is.
 *
 * @throws OnnxOpsetError for an opset below 7, or a later one than is known
 * @throws UnsupportedOperatorError for an older node whose form in opset 17 is not known here, or one that is not
 *   known to be made of others as it is used
 */
export function upgradeModel(model: Model): Model {
  const refusals = new Refusals();
  const result = upgradedAsFarAsKnown(model, refusals);
  refusals.throwIfAny();
  return result;
}

/** As `upgradeModel`, but for what is refused: that stays as it is. @param refusals takes it in */
export function upgradedAsFarAsKnown(model: Model, refusals: Refusals): Model {
  return refusals.attempt(() => upgraded(model, refusals)) ?? model;
}

function upgraded(given: Model, refusals: Refusals): Model {
  const opset = opsetOf(given);
  if (opset < OLDEST_OPSET) {
    const fix = 'convert the model with the version converter of ONNX.';
    throw new OnnxOpsetError(opset, `${OLDEST_OPSET} or later`, fix);
  }
  const model = refusals.attempt(() => standardForm(given)) ?? given;
  if (opset >= DEFAULT_OPSET) return model;
  const upgrading: Upgrading = {
    model,
    opset,
    refusals,
    names: namesIn(graphOf(model)),
    values: new ValueTable(model),
  };
  const graph = upgradedGraph(upgrading, graphOf(model), []);
  const others = model.opsetImport.filter(({ domain }) => !isStandardDomain(domain));
  const standard = create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(DEFAULT_OPSET) });
  const irVersion = model.irVersion > IR_VERSION ? model.irVersion : IR_VERSION;
  return withFields(model, { graph, irVersion, opsetImport: [standard, ...others] });
}

interface Upgrading {
  readonly model: Model;
  readonly opset: number;
  readonly refusals: Refusals;
  /** Names of all values, also in the graphs inside nodes. */
  readonly names: readonly string[];
  readonly values: ValueTable;
}

/** @param outside names that the graph reads from around it */
function upgradedGraph(upgrading: Upgrading, graph: Graph, outside: readonly string[]): Graph {
  const { model, opset, refusals, names, values } = upgrading;
  const around = [...new Set(outside)].map((name) => createValueInfo(name, 'float32'));
  const own = withFields(graph, { node: [], input: [...graph.input, ...around] });
  const builder = new GraphBuilder({}, withFields(model, { graph: own }), names);
  const read = new Set([...graph.node.flatMap(readValues), ...graph.output.map(({ name }) => name)]);
  for (const whole of graph.node) {
    const node = withUpgradedGraphs(upgrading, whole);
    const isUpgraded = refusals.attempt(() => {
      upgradeNode(builder, node, { opset, read, values });
      return true;
    });
    if (isUpgraded !== true) builder.add(node);
  }
  return withFields(graphOf(builder.build()), { input: graph.input });
}

function withUpgradedGraphs(upgrading: Upgrading, node: Node): Node {
  if (subgraphsOf(node).length === 0) return node;
  const inside = (graph: Graph): Graph => upgradedGraph(upgrading, graph, readFromOutside(graph));
  const attribute = node.attribute.map((each): Attribute => {
    if (each.g === undefined && each.graphs.length === 0) return each;
    return withFields(each, { graphs: each.graphs.map(inside), ...(each.g && { g: inside(each.g) }) });
  });
  return withFields(node, { attribute });
}

/** What the form of a node depends on, beside the node. */
interface Surroundings {
  readonly opset: number;
  /** Values that the graph reads. */
  readonly read: ReadonlySet<string>;
  readonly values: ValueTable;
}

function upgradeNode(builder: GraphBuilder, node: Node, around: Surroundings): void {
  if (!isStandardDomain(node.domain)) builder.add(node);
  else if (around.opset < 13 && /^(Log)?Softmax$|^Hardmax$/.test(node.opType)) upgradeSoftmax(builder, node);
  else for (const each of upgradedNodes(builder, node, around)) builder.add(each);
}

/** The nodes that say the same in opset 17. */
function upgradedNodes(
  builder: GraphBuilder,
  node: Node,
  { opset, read, values }: Surroundings,
): readonly Node[] {
  if (opset < 13 && Object.hasOwn(AS_INPUT, node.opType)) return [attributeAsInput(builder, node)];
  const written = opset < 11 ? oldForms(builder, node, { opset, values }) : undefined;
  if (written !== undefined) return written;
  if (opset < 12 && node.opType === 'Dropout') return [dropout(node, opset, read)];
  if (opset >= 14 || node.opType !== 'BatchNormalization') return [node];
  if (opset < 9 && intAttribute(node, 'spatial', 1) === 0) throw refused(node, 'with a mean a channel');
  if (node.output.slice(1).some((name) => read.has(name)))
    throw refused(node, 'of inference, with one output');
  const output = node.output.slice(0, 1);
  return [withFields(GONE_FROM_NORMALISATIONS.reduce(without, node), { output })];
}

/** Attributes of inference that opset 14 does not have; `momentum` says nothing there. */
const GONE_FROM_NORMALISATIONS = ['momentum', 'spatial', 'is_test', 'consumed_inputs'];

/** Below opset 10 a mask has the type of the data, where one is read. */
function dropout(node: Node, opset: number, read: ReadonlySet<string>): Node {
  const isMaskRead = read.has(node.output[1] ?? '') && node.output[1] !== '';
  if (opset < 10 && isMaskRead) throw refused(node, 'whose mask nothing reads');
  const kept = withFields(node, { output: node.output.slice(0, isMaskRead ? 2 : 1) });
  return ['ratio', 'is_test', 'consumed_inputs'].reduce(without, kept);
}

const AS_INPUT: Readonly<Record<string, string>> = {
  Squeeze: 'axes',
  Unsqueeze: 'axes',
  ReduceSum: 'axes',
  Split: 'split',
};

function attributeAsInput(builder: GraphBuilder, node: Node): Node {
  const attribute = AS_INPUT[node.opType]!;
  const values = intsAttribute(node, attribute);
  if (values === undefined) return node;
  const input = [node.input[0]!, builder.constant(int64List(values), `${node.output[0]}/${attribute}`)];
  return withFields(without(node, attribute), { input });
}

function without(node: Node, attribute: string): Node {
  return withFields(node, { attribute: node.attribute.filter(({ name }) => name !== attribute) });
}

/** Before opset 13, softmax took the axes from `axis` (1 by default) on as one. */
function upgradeSoftmax(builder: GraphBuilder, node: Node): void {
  const axis = intAttribute(node, 'axis', 1);
  if (axis === -1) {
    builder.add(node);
    return;
  }
  const [x, y] = [node.input[0]!, node.output[0]!];
  const [rows, result, shape] = ['rows', 'softmax', 'shape'].map((part) =>
    builder.uniqueName(`${y}/${part}`),
  );
  builder.add(createNode(rows!, 'Flatten', [x], [rows!], { axis: { int: axis } }));
  builder.add(createNode(nodeName(node), node.opType, [rows!], [result!], { axis: { int: -1 } }));
  builder.add(createNode(shape!, 'Shape', [x], [shape!]));
  builder.add(createNode(`${y}/reshape`, 'Reshape', [result!, shape!], [y]));
}

function refused(node: Node, expected: string): UnsupportedOperatorError {
  return unsupported(node, `${node.opType} ${expected}`, `export the model with opset ${DEFAULT_OPSET}.`);
}
