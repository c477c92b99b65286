import { create } from '@bufbuild/protobuf';
import { GraphBuilder } from '../builder/graph-builder.ts';
import type { Attributes } from '../model/attributes.ts';
import { OperatorSetIdProtoSchema, ValueInfoProtoSchema } from '../model/messages/onnx_pb.js';
import { graphOf, type Model } from '../model/model.ts';
import type { TensorData } from '../model/tensor.ts';
import { withFields } from '../model/with-fields.ts';
import { ValueTable } from '../shapes/value-table.ts';
import { standardForm } from '../upgrade/standard-form.ts';
import type { Values } from './run-model.ts';

/** How much of the inputs' shapes a model declares: what is not declared, gradients find out when they run. */
export type Declared = 'shapes' | 'ranks' | 'nothing';
export const DECLARED: readonly Declared[] = ['shapes', 'ranks', 'nothing'];

export interface NodeModel {
  readonly operator: string;
  readonly domain?: string | undefined;
  readonly inputs: Values;
  readonly attributes?: Attributes | undefined;
  /** Inputs that are constants of the model. */
  readonly constants?: Values;
  /** Inputs in the operator's order; those given, then the constants, by default. */
  readonly order?: readonly string[];
  readonly declared?: Declared;
  readonly opset?: number;
  readonly isCast?: boolean;
  readonly ofShape?: 'whole' | 'sides';
  /** How many outputs the node names: `y`, then `y_1`, `y_2` …; one by default. */
  readonly outputs?: number;
}

/** A model of one node with output `y` (and others, where it has several), of the type of the first float. */
export function nodeModel(node: NodeModel): Model {
  const { operator, inputs, attributes = {}, constants = {}, declared = 'shapes', opset = 17 } = node;
  const names = Array.from({ length: node.outputs ?? 1 }, (_, i) => (i === 0 ? 'y' : `y_${i}`));
  const builder = node.domain === undefined ? new GraphBuilder({ opset }) : withDomain(opset, node.domain);
  for (const [name, value] of Object.entries(inputs))
    builder.input(name, value.type, shapeOf(value, declared));
  for (const [name, value] of Object.entries(constants)) builder.initializer(name, value);
  const order = node.order ?? [...Object.keys(inputs), ...Object.keys(constants)];
  builder.node(
    operator,
    node.ofShape === undefined ? order : shapeInputs(builder, node.ofShape),
    attributes,
    {
      outputs: node.isCast === true ? ['told'] : names,
      ...(node.domain !== undefined && { domain: node.domain }),
    },
  );
  if (node.isCast === true) builder.op('Cast', ['told'], { to: { int: 1 } }, { outputs: ['y'] });
  const type = Object.values(inputs).find((input) => input.type.startsWith('float'))!.type;
  const model = builder.build();
  const graph = graphOf(model);
  const output = names.map((name) => create(ValueInfoProtoSchema, { name }));
  const known = new ValueTable(standardForm(withFields(model, { graph: withFields(graph, { output }) })));
  for (const name of names) builder.output(name, known.type(name) ?? type, known.shape(name));
  return builder.build();
}

/** A builder of models with operators of another domain. */
export function withDomain(opset: number, domain: string): GraphBuilder {
  const base = new GraphBuilder({ opset }).build();
  const other = create(OperatorSetIdProtoSchema, { domain, version: 1n });
  return GraphBuilder.extend(withFields(base, { opsetImport: [...base.opsetImport, other] }));
}

/** What an operator takes that is told the shape of `x`. */
function shapeInputs(builder: GraphBuilder, form: 'whole' | 'sides'): readonly string[] {
  const shape = builder.op('Shape', ['x']);
  if (form === 'whole') return [shape];
  const scalar = (number: bigint): string =>
    builder.constant({ type: 'int64', dims: [], data: BigInt64Array.of(number) });
  return [scalar(0n), builder.op('Gather', [shape, scalar(1n)]), scalar(1n)];
}

function shapeOf({ dims }: TensorData, declared: Declared): readonly (number | undefined)[] | undefined {
  if (declared === 'nothing') return undefined;
  return declared === 'shapes' ? dims : dims.map(() => undefined);
}
