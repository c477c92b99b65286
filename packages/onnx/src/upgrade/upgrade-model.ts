import { create } from '@bufbuild/protobuf';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxOpsetError, Refusals, type UnsupportedOperatorError } from '../errors.ts';
import { intAttribute, intsAttribute } from '../model/attributes.ts';
import { OperatorSetIdProtoSchema } from '../model/messages/onnx_pb.js';
import {
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
import { withFields } from '../model/with-fields.ts';
import { oldForm } from './old-forms.ts';

/** IR version that goes with opset 17. */
const IR_VERSION = 8n;

/**
 * A model of opset 7 to 16 with the same meaning in opset 17: axes and splits become inputs, and softmax over all
 * axes from one on becomes softmax over the last axis of a matrix. Later models are returned as they are.
 *
 * @throws OnnxOpsetError for an opset below 7, or a later one than is known
 * @throws UnsupportedOperatorError for an older node whose form in opset 17 is not known here
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

function upgraded(model: Model, refusals: Refusals): Model {
  const opset = opsetOf(model);
  if (opset >= DEFAULT_OPSET) return model;
  if (opset < OLDEST_OPSET) {
    const fix = 'convert the model with the version converter of ONNX.';
    throw new OnnxOpsetError(opset, `${OLDEST_OPSET} or later`, fix);
  }
  const builder = GraphBuilder.rewrite(model);
  for (const node of graphOf(model).node) {
    const isUpgraded = refusals.attempt(() => {
      upgradeNode(builder, node, opset);
      return true;
    });
    if (isUpgraded !== true) builder.add(node);
  }
  const others = model.opsetImport.filter(({ domain }) => !isStandardDomain(domain));
  const standard = create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(DEFAULT_OPSET) });
  const irVersion = model.irVersion > IR_VERSION ? model.irVersion : IR_VERSION;
  return withFields(builder.build(), { irVersion, opsetImport: [standard, ...others] });
}

function upgradeNode(builder: GraphBuilder, node: Node, opset: number): void {
  if (subgraphsOf(node).length > 0) throw refused(node, 'without subgraphs');
  const isSoftmax = isStandardDomain(node.domain) && /^(Log)?Softmax$/.test(node.opType);
  if (opset < 13 && isSoftmax) upgradeSoftmax(builder, node);
  else builder.add(isStandardDomain(node.domain) ? upgradedNode(builder, node, opset) : node);
}

/** The node that says the same in opset 17. */
function upgradedNode(builder: GraphBuilder, node: Node, opset: number): Node {
  if (opset < 13 && node.opType in AS_INPUT) return attributeAsInput(builder, node);
  if (opset < 13 && node.opType === 'Hardmax') throw refused(node, 'of opset 13 or later');
  const written = opset < 11 ? oldForm(builder, node, opset) : undefined;
  if (written !== undefined) return written;
  if (opset < 12 && node.opType === 'Dropout') return without(node, 'ratio');
  if (opset >= 14 || node.opType !== 'BatchNormalization') return node;
  if (opset < 9 && intAttribute(node, 'spatial', 1) === 0) throw refused(node, 'with a mean a channel');
  if (node.output.length > 1) throw refused(node, 'of inference, with one output');
  return without(without(node, 'momentum'), 'spatial');
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
  const data = BigInt64Array.from(values, BigInt);
  const tensor = { type: 'int64', dims: [values.length], data } as const;
  const input = [node.input[0]!, builder.constant(tensor, `${node.output[0]}/${attribute}`)];
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
