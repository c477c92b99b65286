import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../builder/graph-builder.ts';
import { OnnxGraphError, UnsupportedOperatorError } from '../../errors.ts';
import { attributeOf } from '../../model/attributes.ts';
import { decodeModel } from '../../model/codec.ts';
import { graphOf, type Model, type Node } from '../../model/model.ts';
import { createValueInfo } from '../../model/value-info.ts';
import { withFields } from '../../model/with-fields.ts';
import { checkerAcceptsAll } from '../../testing/checker-test.ts';
import { checkModel } from '../../testing/onnx-checker.ts';
import { randomTensor } from '../../testing/random-tensor.ts';
import { openModel, type Values } from '../../testing/run-model.ts';
import { smallImages, smallNet } from '../testing.ts';
import { readWeights } from '../with-weights.ts';
import { fixedWeights, markFixedWeights } from './fixed-weights.ts';
import { type TrainingForm, type TrainingFormOptions, trainingForm } from './training-form.ts';

const names = (values: readonly { readonly name: string }[]): readonly string[] =>
  values.map(({ name }) => name);
const inputs = (model: Model): readonly string[] => names(graphOf(model).input);

/** The training form's outputs for the model's own weights. */
async function run(
  model: Model,
  form: TrainingForm,
  data: Float32Array,
  masks: Values = {},
): Promise<Values> {
  checkModel(form.model);
  const session = await openModel(form.model);
  const weights = readWeights(model, [...names(form.parameters), ...names(form.statistics)]);
  const batch = data.length / 32;
  const outputs = await session.run({
    data: { type: 'float32', dims: [batch, 2, 4, 4], data },
    ...Object.fromEntries(weights),
    ...masks,
  });
  await session.release();
  return outputs;
}

test('a token that is repeated as often as there are samples trains', () => {
  const builder = new GraphBuilder();
  const data = builder.input('data', 'float32', ['N', 3, 4]);
  const weight = builder.initializer('w', randomTensor('float32', [4, 4], 1));
  const token = builder.initializer('cls', randomTensor('float32', [1, 1, 4], 2));
  const rest = builder.constant({ type: 'int64', dims: [2], data: BigInt64Array.of(1n, 4n) });
  const first = builder.constant({ type: 'int64', dims: [1], data: BigInt64Array.of(0n) });
  const samples = builder.op('Gather', [builder.op('Shape', [data]), first]);
  const shape = builder.op('Concat', [samples, rest], { axis: { int: 0 } });
  const tokens = builder.op('Expand', [token, shape]);
  const joined = builder.op('Concat', [tokens, builder.op('MatMul', [data, weight])], { axis: { int: 1 } });
  const mean = { axes: { ints: [1] }, keepdims: { int: 0 } };
  builder.op('ReduceMean', [joined], mean, { outputs: ['embedding'] });
  builder.output('embedding', 'float32', ['N', 4]);
  expect(names(trainingForm(builder.build()).parameters)).toEqual(['w', 'cls']);
});

test('takes weights, statistics and masks as inputs; other constants stay', () => {
  const form = trainingForm(smallNet({ dropout: 0.25 }));
  expect(form.parameters).toEqual([
    { name: 'conv.weight', kind: 'weight', dims: [3, 2, 3, 3] },
    { name: 'conv.bias', kind: 'bias', dims: [3] },
    { name: 'bn.weight', kind: 'norm', dims: [3] },
    { name: 'bn.bias', kind: 'norm', dims: [3] },
    { name: 'prelu.slope', kind: 'slope', dims: [3, 1, 1] },
    { name: 'linear.weight', kind: 'weight', dims: [48, 3] },
    { name: 'linear.bias', kind: 'bias', dims: [3] },
  ]);
  expect(form.statistics).toEqual([
    { name: 'bn.mean', next: 'next/bn.mean', dims: [3] },
    { name: 'bn.var', next: expect.any(String), dims: [3] },
  ]);
  expect(form.masks).toEqual([{ name: 'mask/dropout', ratio: 0.25, sample: [48] }]);
  expect(inputs(form.model)).toEqual([
    'data',
    ...names(form.parameters),
    'bn.mean',
    'bn.var',
    'mask/dropout',
  ]);
  expect(names(graphOf(form.model).initializer)).toEqual(expect.arrayContaining(['mean', 'scale']));
  const outputs = names(graphOf(form.model).output);
  expect(outputs).toEqual(expect.arrayContaining(['embedding', ...form.statistics.map(({ next }) => next)]));
});

test('normalises by the batch and carries statistics on, the variance unbiased', async () => {
  const model = smallNet({ bn: { momentum: { float: 0.75 } } });
  const form = trainingForm(model);
  const batch = 3;
  const data = smallImages(batch, 7);
  const outputs = await run(model, form, data);
  // The values before the normalisation, from the model cut off there.
  const graph = graphOf(model);
  const cut = withFields(model, {
    graph: withFields(graph, { output: [createValueInfo('conv', 'float32', ['N', 3, 4, 4])] }),
  });
  const session = await openModel(cut);
  const conv = (await session.run({ data: { type: 'float32', dims: [batch, 2, 4, 4], data } })).conv!;
  await session.release();
  const before = readWeights(model, ['bn.mean', 'bn.var']);
  for (let channel = 0; channel < 3; channel++) {
    const values = Array.from(conv.data, Number).filter((_, i) => Math.floor(i / 16) % 3 === channel);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1);
    const [nextMean, nextVariance] = form.statistics.map(({ next }) => Number(outputs[next]!.data[channel]));
    expect(nextMean).toBeCloseTo(0.75 * Number(before.get('bn.mean')!.data[channel]) + 0.25 * mean, 5);
    expect(nextVariance).toBeCloseTo(0.75 * Number(before.get('bn.var')!.data[channel]) + 0.25 * variance, 5);
  }
});

test('dropout multiplies by its mask; one with ratio 0 has none', async () => {
  const model = smallNet({ dropout: 0.5 });
  const form = trainingForm(model, { freezeBn: true });
  const mask = (value: number): Values => ({
    'mask/dropout': {
      ...randomTensor('float32', [1, 48], 1, () => value),
      type: 'float32',
    } as Values[string],
  });
  const data = smallImages(1, 1);
  const { embedding: nothing } = await run(model, form, data, mask(0));
  const bias = readWeights(model, ['linear.bias']).get('linear.bias')!;
  expect(Array.from(nothing!.data, Number)).toEqual(Array.from(bias.data, Number));
  const session = await openModel(model);
  const { embedding } = await session.run({ data: { type: 'float32', dims: [1, 2, 4, 4], data } });
  await session.release();
  const { embedding: all } = await run(model, form, data, mask(1));
  Array.from(embedding!.data, Number).forEach((value, i) => {
    expect(Number(all!.data[i])).toBeCloseTo(value, 5);
  });
  const graph = graphOf(model);
  const zero = withFields(model, {
    graph: withFields(graph, {
      node: graph.node.map((node) =>
        node.opType === 'Dropout' ? withFields(node, { input: ['flatten', 'zero'] }) : node,
      ),
      initializer: [...graph.initializer, ...graphOf(ratioZero()).initializer],
    }),
  });
  expect(trainingForm(zero).masks).toEqual([]);
});

function ratioZero(): Model {
  const builder = new GraphBuilder();
  builder.initializer('zero', { type: 'float32', dims: [], data: Float32Array.of(0) });
  return builder.build();
}

describe('freezing', () => {
  const frozen = (options: TrainingFormOptions): readonly string[] =>
    names(trainingForm(smallNet({ dropout: 0.5 }), options).parameters);

  test('until a node, it and what it depends on stay', () => {
    expect(frozen({ freezeUntil: 'conv' })[0]).toBe('bn.weight');
    expect(frozen({ freezeUntil: 'prelu' })).toEqual(['linear.weight', 'linear.bias']);
    const form = trainingForm(smallNet({ dropout: 0.5 }), { freezeUntil: 'dropout' });
    expect(form.statistics).toEqual([]);
    expect(form.masks).toEqual([]);
    expect(graphOf(form.model).node.map(({ opType }) => opType)).toContain('Dropout');
  });

  test('of normalisations keeps their scale and shift too', () => {
    const form = trainingForm(smallNet(), { freezeBn: true });
    expect(names(form.parameters).filter((name) => name.startsWith('bn'))).toEqual([]);
    expect(form.statistics).toEqual([]);
    const node = graphOf(form.model).node.find(({ opType }) => opType === 'BatchNormalization')!;
    expect(attributeOf(node, 'training_mode')).toBeUndefined();
  });

  test('of everything, or until a node that is not there, is an error', () => {
    expect(() => frozen({ freezeUntil: 'embedding' })).toThrow(/freeze less of it/);
    expect(() => frozen({ freezeUntil: 'prelo' })).toThrow(/did you mean 'prelu'/);
    expect(() => frozen({ output: 'embeding' })).toThrow(/did you mean 'embedding'/);
    expect(() => frozen({ freezeUntil: '' })).toThrow(OnnxGraphError);
  });

  test('is remembered by the file, weight by weight', () => {
    const model = markFixedWeights(smallNet(), ['bn.weight', 'conv.bias']);
    expect(fixedWeights(model)).toEqual(new Set(['bn.weight', 'conv.bias']));
    const form = trainingForm(model);
    expect(names(form.parameters)).not.toContain('bn.weight');
    expect(names(form.parameters)).not.toContain('conv.bias');
    expect(names(graphOf(form.model).initializer)).toContain('bn.weight');
  });
});

describe('files of other exporters', () => {
  test('weights listed among the inputs, as before IR 4, are weights', () => {
    const model = smallNet();
    const graph = graphOf(model);
    const all = graph.initializer.map(({ name, dims }) => createValueInfo(name, 'float32', dims.map(Number)));
    const old = withFields(model, { graph: withFields(graph, { input: [...graph.input, ...all] }) });
    expect(trainingForm(old)).toEqual(trainingForm(model));
  });

  test('weights handed on by a node, or held by a Constant node, are found', async () => {
    const builder = new GraphBuilder();
    const x = builder.input('data', 'float32', ['N', 2]);
    builder.initializer('w', randomTensor('float32', [3, 2], 1));
    const transposed = builder.op('Transpose', ['w']);
    const bias = builder.op(
      'Constant',
      [],
      { value: { tensor: randomTensor('float32', [3], 2) } },
      { outputs: ['b'] },
    );
    builder.output(builder.op('Gemm', [x, transposed, bias], {}, { outputs: ['y'] }), 'float32', ['N', 3]);
    const form = trainingForm(builder.build());
    expect(form.parameters).toEqual([
      { name: 'w', kind: 'weight', dims: [3, 2] },
      { name: 'b', kind: 'bias', dims: [3] },
    ]);
    checkModel(form.model);
    expect(inputs(form.model)).toEqual(['data', 'w', 'b']);
  });

  test('the ratio of dropout may be an attribute, as before opset 12, or left out', () => {
    const builder = new GraphBuilder({ opset: 11 });
    const x = builder.input('data', 'float32', ['N', 2]);
    builder.initializer('w', randomTensor('float32', [2, 2], 1));
    const quarter = builder.op('Dropout', [x], { ratio: { float: 0.25 } });
    const half = builder.op('Dropout', [builder.op('MatMul', [quarter, 'w'])]);
    builder.output(half, 'float32', ['N', 2]);
    expect(trainingForm(builder.build()).masks.map(({ ratio }) => ratio)).toEqual([0.25, 0.5]);
  });

  test('nodes off the way to the output do not matter', () => {
    const builder = GraphBuilder.extend(smallNet());
    builder.output(
      builder.op('Mystery', ['prelu'], {}, { domain: 'org.example', outputs: ['other'] }),
      'float32',
    );
    const form = trainingForm(builder.build(), { output: 'embedding' });
    expect(graphOf(form.model).node.some(({ opType }) => opType === 'Mystery')).toBe(false);
    expect(() => trainingForm(builder.build())).toThrow(/2 outputs/);
  });
});

describe('what has no training form is named', () => {
  const changed = (change: (node: Node) => Node, options: Parameters<typeof smallNet>[0] = {}): Model => {
    const model = smallNet({ dropout: 0.5, ...options });
    const graph = graphOf(model);
    return withFields(model, { graph: withFields(graph, { node: graph.node.map(change) }) });
  };
  test.each<[string, RegExp, Model]>([
    [
      'shared statistics',
      /'bn'.*in the place of 'bn.mean'/s,
      changed((node) =>
        node.name === 'bn' ? withFields(node, { input: [...node.input.slice(0, 4), 'bn.mean'] }) : node,
      ),
    ],
    [
      'a ratio that is computed',
      /'dropout'.*constant ratio/s,
      changed((node) => (node.name === 'dropout' ? withFields(node, { input: ['flatten', 'prelu'] }) : node)),
    ],
    [
      'a size that is not known',
      /'dropout'.*follows from that of the input/s,
      changed((n) => n, { size: 'S' }),
    ],
  ])('%s', (_, message, model) => {
    expect(() => trainingForm(model)).toThrow(UnsupportedOperatorError);
    expect(() => trainingForm(model)).toThrow(message);
  });

  test('a model without weights', () => {
    const builder = new GraphBuilder();
    builder.output(builder.op('Relu', [builder.input('x', 'float32', [2])]), 'float32', [2]);
    expect(() => trainingForm(builder.build())).toThrow(/left to train/);
  });
});

const FILE = fileURLToPath(new URL('../../../../../../shared/models/mobilefacenet-y1.onnx', import.meta.url));
describe.skipIf(!existsSync(FILE))('MobileFaceNet (needs ../shared)', () => {
  test('trains all its weights, and not the scaling of pixels', () => {
    const model = decodeModel(readFileSync(FILE));
    const form = trainingForm(model);
    checkModel(form.model);
    expect(form.statistics).toHaveLength(100);
    const trained = new Set([...names(form.parameters), ...names(form.statistics)]);
    const others = names(graphOf(model).initializer).filter((name) => !trained.has(name));
    expect(others.sort()).toEqual(['_minusscalar0_s', '_mulscalar0_s']);
    expect(new Set(form.parameters.map(({ kind }) => kind))).toEqual(
      new Set(['weight', 'norm', 'slope', 'bias']),
    );
  });
});

checkerAcceptsAll();
