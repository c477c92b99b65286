import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { withMetadata } from '../model/metadata.ts';
import type { Model } from '../model/model.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { expectedPixels, PIXELS_KEY } from './expected-pixels.ts';
import { trainingForm } from './training-form/training-form.ts';

type Step = (net: GraphBuilder, x: string) => string;

const list = (
  net: GraphBuilder,
  name: string,
  numbers: readonly number[],
  dims?: readonly number[],
): string =>
  net.initializer(name, {
    type: 'float32',
    dims: dims ?? (numbers.length === 1 ? [] : [1, numbers.length, 1, 1]),
    data: Float32Array.from(numbers),
  });
const op =
  (operator: string, numbers: readonly number[], dims?: readonly number[]): Step =>
  (net, x) =>
    net.op(operator, [x, list(net, net.uniqueName(operator), numbers, dims)]);
const chain =
  (...steps: readonly Step[]): Step =>
  (net, x) =>
    steps.reduce((value, step) => step(net, value), x);

interface Network {
  readonly dims?: readonly (number | string)[];
  readonly type?: 'float32' | 'uint8';
}

function network(step: Step, { dims = ['N', 3, 8, 8], type = 'float32' }: Network = {}): Model {
  const net = new GraphBuilder();
  const x = step(net, net.input('data', type, dims));
  const conv = net.op('Conv', [x, net.initializer('w', randomTensor('float32', [5, 3, 8, 8], 1))]);
  net.op('Flatten', [conv], {}, { outputs: ['embedding'] });
  net.output('embedding', 'float32', ['N', 5]);
  return net.build();
}

const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];
const imagenet = { mean: MEAN.map((m) => 255 * m), scale: STD.map((s) => 1 / 255 / s) };
const insightface = { mean: [127.5], scale: [1 / 127.5] };
const ones = (net: GraphBuilder, name: string, value: number): string =>
  list(net, name, [value, value, value], [3]);

const KINDS: readonly (readonly [
  string,
  { readonly mean: readonly number[]; readonly scale: readonly number[] },
  Step,
  Network?,
])[] = [
  ['Sub, Div', insightface, chain(op('Sub', [127.5]), op('Div', [127.5]))],
  [
    'Sub, Mul, as MXNet writes it',
    { mean: [127.5], scale: [1 / 128] },
    chain(op('Sub', [127.5]), op('Mul', [1 / 128])),
  ],
  ['Mul, Add', { mean: [127.5], scale: [2 / 255] }, chain(op('Mul', [2 / 255]), op('Add', [-1]))],
  ['Div, Sub, Div by channel', imagenet, chain(op('Div', [255]), op('Sub', MEAN), op('Div', STD))],
  [
    'constants behind Unsqueeze',
    imagenet,
    chain(op('Div', [255]), (net, x) => {
      const axes = net.constant({ type: 'int64', dims: [2], data: BigInt64Array.of(1n, 2n) });
      const mean = net.op('Unsqueeze', [list(net, 'mean', MEAN, [3]), axes]);
      return net.op('Div', [
        net.op('Sub', [x, mean]),
        net.op('Unsqueeze', [list(net, 'std', STD, [3]), axes]),
      ]);
    }),
  ],
  [
    'a BatchNormalization with the gamma of 1',
    { mean: [100, 120, 130], scale: [1 / 50, 1 / 50, 1 / 50] },
    (net, x) =>
      net.op(
        'BatchNormalization',
        [
          x,
          ones(net, 'gamma', 1),
          ones(net, 'beta', 0),
          list(net, 'm', [100, 120, 130], [3]),
          ones(net, 'v', 2500),
        ],
        { epsilon: { float: 0 } },
      ),
  ],
  [
    'layout NHWC before a Transpose',
    imagenet,
    chain(op('Div', [255]), op('Sub', MEAN, [3]), op('Div', STD, [3]), (net, x) =>
      net.op('Transpose', [x], { perm: { ints: [0, 3, 1, 2] } }),
    ),
    { dims: ['N', 8, 8, 3] },
  ],
  [
    'bytes behind Cast',
    insightface,
    chain((net, x) => net.op('Cast', [x], { to: { int: 1 } }), op('Sub', [127.5]), op('Div', [127.5])),
    { type: 'uint8' },
  ],
  [
    '1 − x / 127.5',
    { mean: [127.5], scale: [-1 / 127.5] },
    chain(op('Div', [127.5]), (net, x) => net.op('Sub', [list(net, 'one', [1]), x])),
  ],
  [
    'channels turned about first',
    { mean: [30, 20, 10], scale: [1 / 50, 1 / 50, 1 / 50] },
    chain(
      (net, x) =>
        net.op(
          'Gather',
          [x, net.constant({ type: 'int64', dims: [3], data: BigInt64Array.of(2n, 1n, 0n) })],
          {
            axis: { int: 1 },
          },
        ),
      op('Sub', [10, 20, 30]),
      op('Div', [50]),
    ),
  ],
  [
    'a size that the graph asks for beside',
    insightface,
    chain(
      (net, x) => {
        net.op('Shape', [x]);
        return x;
      },
      op('Sub', [127.5]),
      op('Div', [127.5]),
    ),
  ],
];

const CASES = KINDS.map(([name, expected, step, options]) => ({ name, expected, step, options }));

describe('pixels of 0 to 255 are normalised by the file', () => {
  test.each(CASES)('$name', ({ expected, step, options }) => {
    const found = expectedPixels(network(step, options), 'data');
    if (found.kind !== 'normalised') throw new Error(found.kind);
    const { mean, scale } = found;
    for (const i of [0, 1, 2]) {
      const at = (numbers: readonly number[]): number => numbers[numbers.length === 1 ? 0 : i]!;
      expect(at(mean)).toBeCloseTo(at(expected.mean), 3);
      expect(at(scale) / at(expected.scale)).toBeCloseTo(1, 5);
    }
  });

  test.each(CASES)('and what does it stays as it is: $name', ({ name, step, options }) => {
    const { parameters } = trainingForm(network(step, options));
    const trains = name.startsWith('a BatchNormalization') ? ['beta', 'gamma', 'w'] : ['w'];
    expect(parameters.map((parameter) => parameter.name).sort()).toEqual(trains);
  });
});

test.each<[string, Step]>([
  ['nothing', (_, x) => x],
  ['a scale inside of the first layer, which is not seen', (_, x) => x],
  [
    'a BatchNormalization of pixels that were normalised before',
    (net, x) =>
      net.op('BatchNormalization', [
        x,
        ones(net, 'g', 0.9),
        ones(net, 'b', 0.1),
        ones(net, 'm', 0.02),
        ones(net, 'v', 0.3),
      ]),
  ],
  ['a scale up, of pixels of 0 to 1', op('Mul', [255])],
])('%s is no normalisation', (_, step) => {
  expect(expectedPixels(network(step), 'data')).toEqual({ kind: 'none' });
});

test('what a file says comes first', () => {
  const model = withMetadata(network(op('Div', [255])), PIXELS_KEY, 'as said');
  expect(expectedPixels(model, 'data')).toEqual({ kind: 'metadata', value: 'as said' });
});

describe('what meets the input before the first layer', () => {
  const names = (dims: readonly (number | string)[], step: Step): readonly string[] => {
    const net = new GraphBuilder();
    const x = step(net, net.input('data', 'float32', dims));
    const w = net.initializer('w', randomTensor('float32', [6, 4], 1));
    net.op('MatMul', [x, w], {}, { outputs: ['embedding'] });
    net.output('embedding', 'float32', ['N', 5, 4]);
    return trainingForm(net.build()).parameters.map(({ name }) => name);
  };
  const weight =
    (name: string, dims: readonly number[]): Step =>
    (net, x) =>
      net.op(name.startsWith('sub') ? 'Sub' : name.startsWith('scale') ? 'Mul' : 'Add', [
        x,
        net.initializer(name, randomTensor('float32', dims, 2)),
      ]);

  test.each<[string, readonly string[], Step]>([
    ['a position embedding trains', ['position', 'w'], weight('position', [1, 5, 6])],
    ['a mean for each place stays', ['w'], weight('sub', [5, 6])],
    ['a number for each feature stays', ['w'], chain(weight('shift', [6]), weight('scale', [1, 1, 6]))],
    [
      'what stands behind a position embedding trains',
      ['position', 'scale', 'w'],
      chain(weight('position', [5, 6]), weight('scale', [6])),
    ],
    [
      'the scale and offset of a normalisation in pieces train',
      ['scale', 'offset', 'w'],
      chain(
        (net, x) => {
          const centred = net.op('Sub', [x, net.op('ReduceMean', [x], { axes: { ints: [-1] } })]);
          const squares = net.op('Mul', [centred, centred]);
          const deviation = net.op('Sqrt', [net.op('ReduceMean', [squares], { axes: { ints: [-1] } })]);
          return net.op('Div', [centred, deviation]);
        },
        chain(weight('scale', [6]), weight('offset', [6])),
      ),
    ],
  ])('%s', (_, expected, step) => {
    expect([...names(['N', 5, 6], step)].sort()).toEqual([...expected].sort());
  });
});
