import { learnerOptimiser, sgd } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { GraphBuilder } from '../../builder/graph-builder.ts';
import { RefusedModelError, UnsupportedOperatorError } from '../../errors.ts';
import { intAttribute } from '../../model/attributes.ts';
import { graphOf, type Model } from '../../model/model.ts';
import { randomTensor } from '../../testing/random-tensor.ts';
import { createTrainingSession } from '../../training/create-training-session.ts';
import { inspectModel } from '../inspection/inspect-model.ts';
import { normalisedEmbedding, smallNet } from '../testing.ts';
import { requireTrainable } from './trainability.ts';
import { trainingForm } from './training-form.ts';

/** A file of many faults: opset 11, one picture, samples mixed, two outputs. */
function faulty(): Model {
  const net = new GraphBuilder({ opset: 11 });
  const weight = (name: string, dims: readonly number[], type: 'float32' | 'float64' = 'float32'): string =>
    net.initializer(name, randomTensor(type, dims, 1));
  let x = net.input('data', 'float32', [1, 3, 4, 4]);
  x = net.op('Conv', [x, weight('w', [3, 3, 4, 4])], {}, { name: 'conv' });
  const norm = [weight('scale', [3]), weight('offset', [3])];
  x = net.op('InstanceNormalization', [x, ...norm], {}, { name: 'alone' });
  x = net.op('Reshape', [
    x,
    net.constant({ type: 'int64', dims: [2], data: BigInt64Array.of(1n, 3n) }, 'rows'),
  ]);
  x = net.op('Sub', [x, net.op('ReduceMean', [x], { axes: { ints: [0] } }, { name: 'mixes' })]);
  const fused = { activation: { string: 'Mystery' } };
  const rows = weight('fused', [3, 3]);
  x = net.op('FusedGemm', [x, rows], fused, { name: 'hard', domain: 'com.microsoft' });
  x = net.op('Det', [x], {}, { name: 'first' });
  x = net.op('Det', [x], {}, { name: 'second' });
  const double = net.op('Cast', [x], { to: { int: 11 } });
  const product = net.op('MatMul', [double, weight('d', [3, 5], 'float64')], {}, { name: 'double' });
  net.op('Cast', [product], { to: { int: 1 } }, { outputs: ['embedding'] });
  net.output('embedding', 'float32', [1, 5]);
  return net.build();
}

const REASONS = [
  /fixed at 1.*'mixes'/,
  /'alone'.*more than one value/,
  /'hard'.*not Mystery/,
  /'double'.*float32/,
];

test('a file tells all its reasons at once', () => {
  const texts = inspectModel(faulty()).refusals.map(({ text }) => text);
  for (const reason of [...REASONS, /'first'.*gradient rule/, /'second'.*gradient rule/])
    expect(
      texts.filter((text) => reason.test(text)),
      `${reason}`,
    ).toHaveLength(1);
  const refused = (): void => requireTrainable(faulty());
  expect(refused).toThrow(RefusedModelError);
  for (const name of ['mixes', 'alone', 'hard', 'double', 'first', 'second'])
    expect(refused).toThrow(new RegExp(`'${name}'`));
});

test('an input and an output that have to be named are told together, and what their operators lack', () => {
  const net = new GraphBuilder();
  const sum = net.op('Add', [net.input('a', 'float32', ['N', 4]), net.input('b', 'float32', ['N', 4])]);
  const product = net.op('MatMul', [sum, net.initializer('w', randomTensor('float32', [4, 4], 1))]);
  net.output(net.op('Det', [product], {}, { name: 'det', outputs: ['one'] }), 'float32', ['N']);
  net.output(net.op('Relu', [product], {}, { outputs: ['two'] }), 'float32', ['N', 4]);
  const texts = inspectModel(net.build()).refusals.map(({ text }) => text);
  for (const reason of [/2 outputs.*'one'/, /2 inputs.*'a'/, /'det'/])
    expect(texts.some((text) => reason.test(text))).toBe(true);
  expect(inspectModel(net.build(), { output: 'two' }).refusals).toHaveLength(1);
});

test('what trains is not refused; one reason is its own error', () => {
  expect(() => requireTrainable(smallNet(), { batch: 1 })).not.toThrow();
  const net = new GraphBuilder();
  const x = net.op('MatMul', [
    net.input('data', 'float32', ['N', 4]),
    net.initializer('w', randomTensor('float32', [4, 4], 1)),
  ]);
  net.op('Sin', [x], {}, { outputs: ['embedding'] });
  net.output('embedding', 'float32', ['N', 4]);
  const custom = net.op('Mine', ['embedding'], {}, { domain: 'mine', outputs: ['later'] });
  net.output(custom, 'float32', ['N', 4]);
  expect(() => requireTrainable(net.build(), { output: 'later' })).toThrow(UnsupportedOperatorError);
  expect(() => requireTrainable(net.build(), { output: 'embedding' })).not.toThrow();
});

test('a batch that is too small is among the reasons', () => {
  const net = normalisedEmbedding();
  expect(() => requireTrainable(net, { batch: 1 })).toThrow(/batch of one for 'last'/);
  expect(() => requireTrainable(net, { batch: 2 })).not.toThrow();
});

test('a file in training mode has the form of its inference form, and is given back in it', async () => {
  const training = smallNet({ bn: { training_mode: { int: 1 } } });
  expect(trainingForm(training)).toEqual(trainingForm(smallNet()));
  const optimiser = learnerOptimiser({ rule: sgd({ momentum: 0.9 }) });
  const session = await createTrainingSession({ runtime, model: training, optimiser, threads: 1 });
  const modes = graphOf(session.exportModel()).node.map((node) => intAttribute(node, 'training_mode', 0));
  await session.dispose();
  expect(modes.every((mode) => mode === 0)).toBe(true);
});

test.each([
  [1, 3, true],
  [2, 3, false],
  [1, 1, false],
])('a group normalisation over %d positions in %d groups is refused: %s', (size, groups, isRefused) => {
  const net = new GraphBuilder({ opset: 21 });
  const channels = ['scale', 'offset'].map((name) => net.initializer(name, randomTensor('float32', [3], 1)));
  const x = net.input('data', 'float32', ['N', 3, size, size]);
  const normal = net.op(
    'GroupNormalization',
    [x, ...channels],
    { num_groups: { int: groups } },
    { name: 'group' },
  );
  net.op(
    'ReduceMean',
    [normal, net.constant({ type: 'int64', dims: [2], data: BigInt64Array.of(2n, 3n) })],
    { keepdims: { int: 0 } },
    { outputs: ['embedding'] },
  );
  net.output('embedding', 'float32', ['N', 3]);
  const form = (): unknown => trainingForm(net.build());
  if (isRefused) expect(form).toThrow(/'group'.*more than one value/s);
  else expect(form).not.toThrow();
});
