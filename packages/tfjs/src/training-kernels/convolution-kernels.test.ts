import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerTrainingKernels } from './register.ts';
import { expectAsOnCpu, randomValues, runKernel, type Values } from './testing.ts';

interface Side {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly before: number;
  readonly after: number;
}

interface Case {
  readonly batch: number;
  readonly height: Side;
  readonly width: Side;
  readonly from: number;
  readonly to: number;
  readonly kind: 'same' | 'valid' | 'explicit';
  readonly seed: number;
}

const size = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
const side: fc.Arbitrary<Side> = fc.record({
  input: size(9),
  kernel: size(5),
  stride: fc.oneof(size(3), size(8)),
  before: fc.oneof(fc.nat(4), fc.nat(12)),
  after: fc.oneof(fc.nat(4), fc.nat(12)),
});
const convolution: fc.Arbitrary<Case> = fc
  .record({
    batch: size(3),
    height: side,
    width: side,
    from: size(5),
    to: size(4),
    kind: fc.constantFrom('same', 'valid', 'explicit'),
    seed: fc.nat(),
  })
  .filter(({ height, width, kind }) => [height, width].every((each) => fits(each, kind)));

/** Whether there is any output. */
function fits({ input, kernel, before, after }: Side, kind: Case['kind']): boolean {
  if (kind === 'same') return true;
  return kernel <= input + (kind === 'explicit' ? before + after : 0);
}

/** Explicit paddings that reach as far as the kernel, so that windows, or all of them, miss the input. */
const BEYOND: readonly Case[] = [
  { input: 1, kernel: 3, stride: 3, before: 4, after: 0 },
  { input: 1, kernel: 3, stride: 3, before: 0, after: 4 },
  { input: 2, kernel: 1, stride: 3, before: 7, after: 0 },
  { input: 2, kernel: 1, stride: 1, before: 5, after: 6 },
].map((side) => ({ batch: 1, height: side, width: side, from: 1, to: 1, kind: 'explicit', seed: 0 }));

beforeAll(() => {
  registerTrainingKernels('wasm');
});

function attributesOf({ height, width, kind }: Case): object {
  const explicit = [
    [0, 0],
    [height.before, height.after],
    [width.before, width.after],
    [0, 0],
  ];
  return {
    strides: [height.stride, width.stride],
    pad: kind === 'explicit' ? explicit : kind,
    dataFormat: 'NHWC',
    dilations: [1, 1],
  };
}

function tensorsOf(example: Case, isDepthwise: boolean): { x: number[]; filter: number[]; dy: number[] } {
  const { batch, height, width, from, to } = example;
  const x = [batch, height.input, width.input, from] as [number, number, number, number];
  const filter = [height.kernel, width.kernel, from, to] as [number, number, number, number];
  const { strides, pad } = attributesOf(example) as { strides: [number, number]; pad: 'same' };
  const { outShape } = tf.backend_util.computeConv2DInfo(x, filter, strides, 1, pad, undefined, isDepthwise);
  return { x, filter, dy: outShape };
}

describe.each([
  {
    kind: 'Conv2D',
    filterKernel: 'Conv2DBackpropFilter',
    inputKernel: 'Conv2DBackpropInput',
    isDepthwise: false,
  },
  {
    kind: 'DepthwiseConv2dNative',
    filterKernel: 'DepthwiseConv2dNativeBackpropFilter',
    inputKernel: 'DepthwiseConv2dNativeBackpropInput',
    isDepthwise: true,
  },
])(
  'gradients of $kind are those of the cpu backend, and nothing leaks',
  ({ filterKernel, inputKernel, isDepthwise }) => {
    test('of the filter', async () => {
      await fc.assert(
        fc.asyncProperty(convolution, async (example) => {
          const { x, filter, dy } = tensorsOf(example, isDepthwise);
          const inputs = { x: randomValues(x, example.seed), dy: randomValues(dy, example.seed + 1) };
          const terms = dy[0]! * dy[1]! * dy[2]!;
          await expectAsOnCpu(filterKernel, inputs, { ...attributesOf(example), filterShape: filter }, terms);
        }),
        { numRuns: 150, examples: BEYOND.map((example) => [example]) },
      );
    });

    test('of the input', async () => {
      await fc.assert(
        fc.asyncProperty(convolution, async (example) => {
          const { x, filter, dy } = tensorsOf(example, isDepthwise);
          const inputs = {
            dy: randomValues(dy, example.seed),
            filter: randomValues(filter, example.seed + 1),
          };
          const terms = filter[0]! * filter[1]! * filter[3]!;
          await expectAsOnCpu(inputKernel, inputs, { ...attributesOf(example), inputShape: x }, terms);
        }),
        { numRuns: 150, examples: BEYOND.map((example) => [example]) },
      );
    });
  },
);

test('a global depthwise convolution, 7×7 over 7×7', async () => {
  const attributes = { strides: 1, pad: 'valid', dilations: 1 };
  const [x, filter, dy] = [
    [2, 7, 7, 6],
    [7, 7, 6, 1],
    [2, 1, 1, 6],
  ];
  const inputs = { x: randomValues(x, 1), dy: randomValues(dy, 2) };
  await expectAsOnCpu(
    'DepthwiseConv2dNativeBackpropFilter',
    inputs,
    { ...attributes, filterShape: filter },
    2,
  );
});

test('many taps are multiplied in several chunks', async () => {
  // 32 MiB hold two of these nine taps.
  const [side, from] = [180, 96];
  const ones = (channels: number): Values => {
    const shape = [1, side, side, channels];
    return { shape, values: new Float32Array(side * side * channels).fill(1) };
  };
  const attributes = { strides: 1, pad: 'same', dataFormat: 'NHWC', filterShape: [3, 3, from, 1] };
  const inputs = { x: ones(from), dy: ones(1) };
  const { values } = await runKernel('wasm', 'Conv2DBackpropFilter', inputs, attributes);
  const positions = (tap: number): number => side - Math.abs(tap - 1);
  values.forEach((count, i) => {
    const tap = Math.floor(i / from);
    if (count !== positions(Math.floor(tap / 3)) * positions(tap % 3))
      expect.unreachable(`tap ${tap}: ${count}`);
  });
});

test('one tensor as the gradient of two convolutions of other shapes', async () => {
  await tf.setBackend('wasm');
  const shared = randomValues([64], 5).values;
  const filterGradient = (base: tf.Tensor, dims: [number, number, number, number]): Float32Array =>
    tf.tidy(() => {
      const dy = tf.reshape(base, dims);
      const attributes = { strides: 1, pad: 'valid', dataFormat: 'NHWC', filterShape: [1, 1, 1, dims[3]] };
      const x = tf.ones([...dims.slice(0, 3), 1]);
      return (tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, attributes) as tf.Tensor).dataSync();
    }) as unknown as Float32Array;
  const columnSums = (columns: number): number[] =>
    Array.from({ length: columns }, (_, c) =>
      shared.filter((_, i) => i % columns === c).reduce((a, b) => a + b, 0),
    );
  const base = tf.tensor(shared);
  for (const columns of [4, 16, 2]) {
    const gradient = filterGradient(base, [1, 64 / columns, 1, columns]);
    columnSums(columns).forEach((sum, i) => {
      expect(gradient[i]).toBeCloseTo(sum, 5);
    });
  }
  base.dispose();
});

describe('what is not computed is an error', () => {
  const x = randomValues([1, 3, 3, 2], 1);

  test('channels first', async () => {
    const attributes = { strides: 1, pad: 'same', dataFormat: 'NCHW', filterShape: [1, 1, 2, 2] };
    await expect(runKernel('wasm', 'Conv2DBackpropFilter', { x, dy: x }, attributes)).rejects.toMatchObject({
      code: 'E_BACKEND',
      message: expect.stringContaining("kernel Conv2DBackpropFilter with dataFormat 'NCHW'"),
    });
  });

  test.each([
    ['DepthwiseConv2dNativeBackpropFilter', { x, dy: x }, { filterShape: [1, 1, 2, 1] }],
    [
      'DepthwiseConv2dNativeBackpropInput',
      { dy: x, filter: randomValues([1, 1, 2, 1], 1) },
      { inputShape: [1, 3, 3, 2] },
    ],
  ])('dilations in %s', async (kernel, inputs, shapes) => {
    const attributes = { strides: 1, pad: 'same', dilations: [2, 1], ...shapes };
    await expect(runKernel('wasm', kernel, inputs as never, attributes)).rejects.toMatchObject({
      code: 'E_BACKEND',
    });
  });
});
