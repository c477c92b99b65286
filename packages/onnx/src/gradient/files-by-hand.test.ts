import { expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import type { AttributeValue } from '../model/attributes.ts';
import { graphOf, type Model } from '../model/model.ts';
import type { TensorData } from '../model/tensor.ts';
import { createValueInfo } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';
import { prepareModel } from '../passes/prepare-model.ts';
import { trainingForm } from '../passes/training-form/training-form.ts';
import { checkGradient } from '../testing/check-gradient.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel, type Values } from '../testing/run-model.ts';

const ints = (...values: readonly number[]): AttributeValue => ({ ints: values });
const int64 = (dims: readonly number[], ...numbers: readonly number[]): TensorData => ({
  type: 'int64',
  dims,
  data: BigInt64Array.from(numbers, BigInt),
});
const positive = (dims: readonly number[], seed: number): TensorData =>
  randomTensor('float32', dims, seed, (u) => 0.5 + u);
const weight = (dims: readonly number[], seed: number): TensorData => randomTensor('float32', dims, seed);

/**
 * Gradients by all weights against central differences, with the weights as inputs; what is prepared computes the same
 * for any batch, and learns the weights named.
 */
async function checkFile(
  { model, weights }: { readonly model: Model; readonly weights: Values },
  input: TensorData,
): Promise<void> {
  const graph = graphOf(model);
  const declared = Object.entries(weights).map(([name, { type, dims }]) => createValueInfo(name, type, dims));
  const names = new Set(graph.input.map(({ name }) => name));
  const open = withFields(model, {
    graph: withFields(graph, {
      input: [...graph.input, ...declared.filter(({ name }) => !names.has(name))],
      initializer: graph.initializer.filter(({ name }) => weights[name] === undefined),
    }),
  });
  const inputs = { data: input, ...weights };
  const { name: of } = graph.output[0]!;
  await checkGradient({ model: open, of, wrt: Object.keys(weights), inputs, step: 1 / 256, tolerance: 5e-3 });
  const prepared = prepareModel(model);
  const [before, after] = [await openModel(model), await openModel(prepared.model)];
  const [expected, given] = [
    (await before.run({ data: input }))[of]!,
    (await after.run({ data: input }))[of]!,
  ];
  for (const [i, value] of given.data.entries()) expect(value).toBeCloseTo(Number(expected.data[i]), 5);
  await before.release();
  await after.release();
  const { parameters } = trainingForm(prepared.model);
  expect(parameters.map(({ name }) => name).sort()).toEqual(Object.keys(weights).sort());
}

/** As MXNet's exporter writes them: every weight among the inputs too, slopes [C, 1, 1], a Flatten and a Gemm. */
function asMxnetWrites(opset: number): { model: Model; weights: Values } {
  const builder = new GraphBuilder({ opset });
  builder.input('data', 'float32', ['N', 3, 6, 6]);
  const weights: Record<string, TensorData> = {
    conv0_weight: weight([4, 3, 3, 3], 1),
    bn0_gamma: positive([4], 2),
    bn0_beta: weight([4], 3),
    relu0_gamma: weight([4, 1, 1], 6),
    fc1_weight: weight([5, 36], 7),
    fc1_bias: weight([5], 8),
  };
  const others: Record<string, TensorData> = {
    scalar_op1: { type: 'float32', dims: [1], data: Float32Array.of(0.5) },
    scalar_op2: { type: 'float32', dims: [1], data: Float32Array.of(2) },
    bn0_moving_mean: weight([4], 4),
    bn0_moving_var: positive([4], 5),
    reshape_shape: int64([2], 0, -1),
  };
  for (const [name, tensor] of Object.entries({ ...weights, ...others })) builder.initializer(name, tensor);
  const centered = builder.op('Sub', ['data', 'scalar_op1']);
  const scaled = builder.op('Mul', [centered, 'scalar_op2']);
  const attributes = {
    kernel_shape: ints(3, 3),
    pads: ints(1, 1, 1, 1),
    strides: ints(2, 2),
    group: { int: 1 },
  };
  const convolved = builder.op('Conv', [scaled, 'conv0_weight'], { ...attributes, dilations: ints(1, 1) });
  const statistics = ['bn0_gamma', 'bn0_beta', 'bn0_moving_mean', 'bn0_moving_var'];
  const normalized = builder.op('BatchNormalization', [convolved, ...statistics], {
    epsilon: { float: 2e-5 },
    momentum: { float: 0.9 },
    ...(opset < 9 && { spatial: { int: 1 } }),
  });
  const bent = builder.op('PRelu', [normalized, 'relu0_gamma']);
  const kept = builder.op('Dropout', [bent], { ratio: { float: 0.4 } });
  const flat = builder.op('Reshape', [builder.op('Flatten', [kept], { axis: { int: 1 } }), 'reshape_shape']);
  const product = { alpha: { float: 1 }, beta: { float: 1 }, transA: { int: 0 }, transB: { int: 1 } };
  builder.op('Gemm', [flat, 'fc1_weight', 'fc1_bias'], product, { outputs: ['fc1'] });
  builder.output('fc1', 'float32', ['N', 5]);
  const model = builder.build();
  const graph = graphOf(model);
  const also = graph.initializer.map(({ name }) => {
    const { type, dims } = { ...weights, ...others }[name]!;
    return createValueInfo(name, type, dims);
  });
  return {
    model: withFields(model, {
      irVersion: 3n,
      graph: withFields(graph, { input: [...graph.input, ...also] }),
    }),
    weights,
  };
}

test.each([7, 8, 9, 11])('a network as MXNet writes it, opset %i', async (opset) => {
  await checkFile(asMxnetWrites(opset), weight([2, 3, 6, 6], 9));
});

/** As tf2onnx writes them: channels last, SAME_UPPER, scale and offset apart, shapes that are computed. */
function asKerasWrites(opset: number): { model: Model; weights: Values } {
  const builder = new GraphBuilder({ opset });
  builder.input('data', 'float32', ['unk__1', 6, 6, 3]);
  const weights: Record<string, TensorData> = {
    'model/conv/kernel:0': weight([4, 3, 3, 3], 1),
    'model/bn/gamma:0': positive([4], 2),
    'model/bn/beta:0': weight([4], 3),
    'model/depthwise/kernel:0': weight([4, 1, 3, 3], 4),
    'model/depthwise/bias:0': weight([4], 5),
    'model/dense/MatMul/ReadVariableOp:0': weight([4, 5], 6),
    'model/dense/BiasAdd/ReadVariableOp:0': weight([5], 7),
  };
  for (const [name, tensor] of Object.entries(weights)) builder.initializer(name, tensor);
  const constant = (name: string, tensor: TensorData): string => builder.initializer(name, tensor);
  const first = builder.op('Transpose', ['data'], { perm: ints(0, 3, 1, 2) });
  const convolved = builder.op('Conv', [first, 'model/conv/kernel:0'], {
    auto_pad: { string: 'SAME_UPPER' },
    strides: ints(2, 2),
    kernel_shape: ints(3, 3),
  });
  const last = builder.op('Transpose', [convolved], { perm: ints(0, 2, 3, 1) });
  const scaled = builder.op('Mul', [last, 'model/bn/gamma:0']);
  const shifted = builder.op('Add', [scaled, 'model/bn/beta:0']);
  const scalar = (number: number): TensorData => ({
    type: 'float32',
    dims: [],
    data: Float32Array.of(number),
  });
  const clipped =
    opset < 11
      ? builder.op('Clip', [shifted], { min: { float: 0 }, max: { float: 6 } })
      : builder.op('Clip', [shifted, constant('const_min', scalar(0)), constant('const_max', scalar(6))]);
  const again = builder.op('Transpose', [clipped], { perm: ints(0, 3, 1, 2) });
  const depthwise = builder.op('Conv', [again, 'model/depthwise/kernel:0', 'model/depthwise/bias:0'], {
    auto_pad: { string: 'SAME_UPPER' },
    strides: ints(1, 1),
    group: { int: 4 },
    kernel_shape: ints(3, 3),
  });
  const channelsLast = builder.op('Transpose', [depthwise], { perm: ints(0, 2, 3, 1) });
  const pooled =
    opset < 18
      ? builder.op('ReduceMean', [channelsLast], { axes: ints(1, 2), keepdims: { int: 1 } })
      : builder.op('ReduceMean', [channelsLast, constant('const_axes', int64([2], 1, 2))], {
          keepdims: { int: 1 },
        });
  const squeezed =
    opset < 13
      ? builder.op('Squeeze', [pooled], { axes: ints(1, 2) })
      : builder.op('Squeeze', [pooled, constant('const_squeezed', int64([2], 1, 2))]);
  const shape = builder.op('Cast', [builder.op('Shape', [squeezed])], { to: { int: 6 } });
  const bounds = [0, 1].map((number) => constant(`const_bound_${number}`, int64([1], number)));
  const batch =
    opset < 10
      ? builder.op('Slice', [shape], { starts: ints(0), ends: ints(1), axes: ints(0) })
      : builder.op('Slice', [shape, ...bounds]);
  const width = constant('const_width', { type: 'int32', dims: [1], data: Int32Array.of(4) });
  const target = builder.op('Concat', [batch, width], { axis: { int: 0 } });
  const reshaped = builder.op('Reshape', [squeezed, builder.op('Cast', [target], { to: { int: 7 } })]);
  const product = builder.op('MatMul', [reshaped, 'model/dense/MatMul/ReadVariableOp:0']);
  builder.op('Add', [product, 'model/dense/BiasAdd/ReadVariableOp:0'], {}, { outputs: ['dense'] });
  builder.output('dense', 'float32', ['unk__1', 5]);
  return { model: builder.build(), weights };
}

test.each([9, 11, 13, 15, 18, 21])('a network as tf2onnx writes it, opset %i', async (opset) => {
  await checkFile(asKerasWrites(opset), weight([2, 6, 6, 3], 9));
});
