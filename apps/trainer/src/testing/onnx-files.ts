import { createRandom } from '@cf/core';
import {
  type Attributes,
  declaredShape,
  decodeModel,
  type ElementType,
  encodeModel,
  GraphBuilder,
  sizeOf,
  type TensorData,
} from '@cf/onnx';

/** How {@link smallOnnx} departs from a network that can be trained. */
export interface SmallOnnxOptions {
  /** An operator on the way to the embedding; none by default. */
  readonly operator?: string;
  readonly opset?: number;
  /** Whether it divides its pixels by 127.5; true by default. */
  readonly normalised?: boolean;
  /** Of its pictures; 3 by default. */
  readonly channels?: number;
}

/** A file with a small network of pictures, [N, 3, 8, 8] → [N, 8], with a normalisation in it. */
export function smallOnnx({
  operator,
  opset,
  normalised = true,
  channels: inputs = 3,
}: SmallOnnxOptions = {}): Uint8Array {
  const graph = new GraphBuilder({ name: 'small', ...(opset === undefined ? {} : { opset }) });
  const random = createRandom('small network');
  const weight = (name: string, dims: readonly number[], draw: () => number): string => {
    const length = sizeOf(dims);
    return graph.initializer(name, { type: 'float32', dims, data: Float32Array.from({ length }, draw) });
  };
  const node = (type: string, name: string, inputs: readonly string[], attributes: Attributes = {}): string =>
    graph.op(type, inputs, attributes, { name, outputs: [name] });
  let x = graph.input('data', 'float32', ['N', inputs, 8, 8]);
  if (normalised) {
    const scale = graph.initializer('pixel_scale', {
      type: 'float32',
      dims: [],
      data: Float32Array.of(127.5),
    });
    x = node('Div', 'scaled', [x, scale]);
  }
  x = node('Conv', 'conv', [x, weight('conv.weight', [8, inputs, 3, 3], () => 0.2 * random.normal())], {
    kernel_shape: { ints: [3, 3] },
    strides: { ints: [2, 2] },
    pads: { ints: [1, 1, 1, 1] },
  });
  const channels = (name: string, value: number): string => weight(name, [8], () => value);
  x = node('BatchNormalization', 'bn', [
    x,
    channels('bn.weight', 1),
    channels('bn.bias', 0),
    channels('bn.running_mean', 0),
    channels('bn.running_var', 1),
  ]);
  x = node('Relu', 'relu', [x]);
  const domain = operator === 'SampleOp' ? 'com.microsoft' : '';
  if (operator !== undefined) x = graph.op(operator, [x], {}, { name: 'extra', outputs: ['extra'], domain });
  x = node('Flatten', 'flatten', [x]);
  x = node('Gemm', 'embedding', [x, weight('fc.weight', [8, 128], () => 0.1 * random.normal())], {
    transB: { int: 1 },
  });
  graph.output(x, 'float32', ['N', 8]);
  const model = graph.build();
  const contributed = { ...model.opsetImport[0]!, domain: 'com.microsoft', version: 1n };
  model.opsetImport.push(contributed);
  return encodeModel(model);
}

/** A file with one of its values as a further output. */
export function withOutput(bytes: Uint8Array, name: string, shape: readonly (number | string)[]): Uint8Array {
  const builder = GraphBuilder.extend(decodeModel(bytes));
  builder.output(name, 'float32', shape);
  return encodeModel(builder.build());
}

/**
 * A file with nodes before its first one, which make what it took, `data`, of another input.
 *
 * @param shape of the new input
 * @param build gives the value that goes where the input went
 */
export function withNodesInFront(
  bytes: Uint8Array,
  shape: readonly (number | string)[],
  build: (builder: GraphBuilder, input: string) => string,
  type: ElementType = 'float32',
): Uint8Array {
  const model = decodeModel(bytes);
  const graph = model.graph!;
  const [own] = graph.input.splice(0, 1);
  const count = graph.node.length;
  const builder = GraphBuilder.extend(model);
  const made = build(builder, builder.input('pixels', type, shape));
  const built = builder.build();
  const nodes = built.graph!.node;
  for (const node of nodes) node.input = node.input.map((name) => (name === own!.name ? made : name));
  nodes.unshift(...nodes.splice(count));
  return encodeModel(built);
}

/** A file whose graph takes the mean from pixels and divides them by itself. */
export function withPixelNodes(bytes: Uint8Array, mean: number, std: number): Uint8Array {
  const shape = ['N', ...declaredShape(decodeModel(bytes).graph!.input[0]!)!.slice(1)] as (number | string)[];
  return withNodesInFront(bytes, shape, (builder, input) => {
    const constant = (name: string, value: number): string =>
      builder.initializer(name, { type: 'float32', dims: [], data: Float32Array.of(value) });
    const centered = builder.op('Sub', [input, constant('pixel.mean', mean)]);
    return builder.op('Div', [centered, constant('pixel.std', std)]);
  });
}

/** A file that takes its pictures as [N, height, width, 3]. */
export function withChannelsLast(bytes: Uint8Array): Uint8Array {
  const [, channels, height, width] = declaredShape(decodeModel(bytes).graph!.input[0]!)! as number[];
  return withNodesInFront(bytes, ['N', height!, width!, channels!], (builder, input) =>
    builder.op('Transpose', [input], { perm: { ints: [0, 3, 1, 2] } }),
  );
}

/** A file that takes its channels in the order blue, green, red. */
export function withChannelsReversed(bytes: Uint8Array): Uint8Array {
  const shape = ['N', ...declaredShape(decodeModel(bytes).graph!.input[0]!)!.slice(1)] as (number | string)[];
  return withNodesInFront(bytes, shape, (builder, input) => {
    const order = builder.initializer('order', {
      type: 'int64',
      dims: [3],
      data: BigInt64Array.of(2n, 1n, 0n),
    });
    return builder.op('Gather', [input, order], { axis: { int: 1 } });
  });
}

/** A network that looks up a number for the size of its batch, in a list that ends. */
export function failingAbove(bytes: Uint8Array, most: number): Uint8Array {
  return withNodesInFront(bytes, ['N', 3, 8, 8], (builder, input) => {
    const int = (name: string, values: readonly number[]): string =>
      builder.initializer(name, {
        type: 'int64',
        dims: [values.length],
        data: BigInt64Array.from(values, BigInt),
      });
    const list = builder.initializer('list', {
      type: 'float32',
      dims: [most + 1],
      data: new Float32Array(most + 1),
    });
    const batch = builder.op('Gather', [builder.op('Shape', [input]), int('first', [0])]);
    return builder.op('Add', [input, builder.op('Gather', [list, batch])]);
  });
}

/**
 * [N, 3, 8, 8] → [N, 3]: means of pictures through a Loop of as many trips as it says; without a number it never ends.
 */
export function loopingOnnx(trips: bigint = 2n ** 62n): Uint8Array {
  const graph = new GraphBuilder({ name: 'looping' });
  const input = graph.input('data', 'float32', ['N', 3, 8, 8]);
  const constant = (name: string, tensor: Omit<TensorData, 'dims'>): string =>
    graph.initializer(name, { ...tensor, dims: [] } as TensorData);
  const by = constant('scale', { type: 'float32', data: Float32Array.of(127.5) });
  const most = constant('trips', { type: 'int64', data: BigInt64Array.of(trips) });
  const condition = constant('condition', { type: 'bool', data: Uint8Array.of(1) });
  const scaled = graph.op('Div', [input, by], {}, { outputs: ['scaled'] });
  const pooled = graph.op('GlobalAveragePool', [scaled], {}, { outputs: ['pooled'] });
  const flat = graph.op('Flatten', [pooled], {}, { outputs: ['flat'] });
  const body = new GraphBuilder({ name: 'body' });
  body.input('trip', 'int64', []);
  body.input('go', 'bool', []);
  body.input('x', 'float32', ['N', 3]);
  body.op('Identity', ['go'], {}, { outputs: ['go_on'] });
  body.op('Neg', ['x'], {}, { outputs: ['next'] });
  body.output('go_on', 'bool', []);
  body.output('next', 'float32', ['N', 3]);
  const out = graph.op('Loop', [most, condition, flat], { body: { int: 0 } }, { outputs: ['embedding'] });
  graph.output(out, 'float32', ['N', 3]);
  const model = graph.build();
  const [attribute] = model.graph!.node.at(-1)!.attribute;
  Reflect.deleteProperty(attribute!, 'i');
  // 5 is the type of a graph.
  Object.assign(attribute!, { type: 5, g: body.build().graph! });
  return encodeModel(model);
}
