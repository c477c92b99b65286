import { requireFiniteTensor } from '@cf/core';
import { OnnxGraphError, unknownName } from '../errors.ts';
import { graphOf, type Model, type Node, type TensorProtoValue } from '../model/model.ts';
import { constantValue } from '../model/node.ts';
import { createTensor, readTensor, type TensorData } from '../model/tensor.ts';
import { withFields } from '../model/with-fields.ts';
import { GraphIndex } from './graph-index.ts';

/**
 * The model with new values for some of its weights. Nodes, inputs, outputs, names, opset and metadata stay.
 *
 * @param weights values by the name of the initializer (or of the output of a Constant node)
 * @throws OnnxGraphError if there is no such weight, or it has another type or shape
 * @throws NonFiniteError if a value is not finite
 */
export function withWeights(model: Model, weights: ReadonlyMap<string, TensorData>): Model {
  const graph = graphOf(model);
  checkWeights(model, weights);
  const initializer = graph.initializer.map((tensor) => {
    const value = weights.get(tensor.name);
    return value === undefined ? tensor : withValue(tensor, value);
  });
  const node = graph.node.map((original) => {
    const value = constantValue(original) && weights.get(original.output[0]!);
    return value === undefined ? original : withConstant(original, value);
  });
  return withFields(model, { graph: withFields(graph, { initializer, node }) });
}

/**
 * Values of weights by name, as copies.
 *
 * @throws OnnxGraphError if there is no such weight
 * @throws OnnxFileError if the file does not hold its values
 */
export function readWeights(model: Model, names: Iterable<string>): Map<string, TensorData> {
  const index = new GraphIndex(graphOf(model));
  const entries = [...names].map((name) => {
    const tensor = index.constant(name);
    if (tensor === undefined) throw notAWeight(model, name);
    return [name, readTensor(tensor)] as const;
  });
  return new Map(entries);
}

/** The file that a tensor's numbers stand in is the old one's. */
function withValue({ name, externalData }: TensorProtoValue, value: TensorData): TensorProtoValue {
  return withFields(createTensor(name, value), { externalData });
}

function withConstant(node: Node, value: TensorData): Node {
  const attribute = node.attribute.map((original) =>
    original.name === 'value' ? withFields(original, { t: withValue(original.t!, value) }) : original,
  );
  return withFields(node, { attribute });
}

function checkWeights(model: Model, weights: ReadonlyMap<string, TensorData>): void {
  const index = new GraphIndex(graphOf(model));
  for (const [name, value] of weights) {
    const tensor = index.constant(name);
    if (tensor === undefined) throw notAWeight(model, name);
    if (value.type === 'float32' || value.type === 'float64') requireFiniteTensor(name, value.data);
    const expected = createTensor(name, value);
    const isAlike = expected.dataType === tensor.dataType && `${expected.dims}` === `${tensor.dims}`;
    if (isAlike) continue;
    throw new OnnxGraphError(
      `${value.type} [${value.dims.join(', ')}] for weight '${name}'`,
      `type and shape [${tensor.dims.join(', ')}] of the model's`,
      'pass the weights of this model.',
    );
  }
}

function notAWeight(model: Model, name: string): OnnxGraphError {
  const names = graphOf(model).initializer.map((tensor) => tensor.name);
  const fix = 'pass the weights of this model.';
  return unknownName(`weight '${name}'`, 'an initializer of the model', { name, names, fix });
}
