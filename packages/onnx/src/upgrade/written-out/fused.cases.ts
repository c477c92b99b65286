import type { Attributes } from '../../model/attributes.ts';
import type { GradientCase } from '../../testing/gradient-case.ts';
import { randomTensor } from '../../testing/random-tensor.ts';

const x = randomTensor('float32', [2, 3, 4], 1, (u) => 4 * u - 2);
const row = (seed: number): ReturnType<typeof randomTensor> => randomTensor('float32', [4], seed);
const opsets = [11, 17, 20];
const domain = 'com.microsoft';
const text = (string: string): { string: string } => ({ string });

function fused(operator: string, name: string, rest: Partial<GradientCase>): GradientCase {
  return { operator, domain, name, inputs: { x }, opsets, ...rest };
}

const image = randomTensor('float32', [2, 3, 4, 4], 2);
const weights = randomTensor('float32', [4, 3, 3, 3], 3);
const bias = row(4);
const ACTIVATIONS: readonly (readonly [string, readonly number[]])[] = [
  ['Relu', []],
  ['Tanh', []],
  ['Sigmoid', []],
  ['LeakyRelu', [0.2]],
  ['Clip', [-0.4, 0.5]],
  ['HardSigmoid', [0.3, 0.4]],
];

function convolved(activation: string, floats: readonly number[]): GradientCase {
  const attributes: Attributes = {
    activation: text(activation),
    ...(floats.length > 0 && { activation_params: { floats } }),
    pads: { ints: [1, 1, 1, 1] },
    strides: { ints: [2, 2] },
  };
  const inputs = { x: image, w: weights, b: bias };
  return fused('FusedConv', activation, { inputs, attributes, step: 1 / 256, declared: ['shapes'] });
}

const sum = { x, skip: randomTensor('float32', [2, 3, 4], 5), scale: row(6), offset: row(7), bias: row(8) };

export const cases: readonly GradientCase[] = [
  fused('Gelu', 'as it comes', {}),
  fused('BiasGelu', 'as it comes', { inputs: { x, b: row(2) } }),
  fused('FastGelu', 'as it comes', {}),
  fused('FastGelu', 'with a bias', { inputs: { x, b: row(2) } }),
  fused('QuickGelu', 'as it comes', {}),
  fused('QuickGelu', 'its own factor', { attributes: { alpha: { float: 1 } } }),
  fused('FusedMatMul', 'both turned, and scaled', {
    inputs: { a: randomTensor('float32', [2, 4, 3], 1), b: randomTensor('float32', [2, 5, 4], 2) },
    attributes: { alpha: { float: 0.3 }, transA: { int: 1 }, transB: { int: 1 } },
    declared: ['shapes', 'ranks'],
  }),
  fused('FusedMatMul', 'rows before the stacks', {
    inputs: { a: randomTensor('float32', [3, 2, 4], 1), b: randomTensor('float32', [5, 2, 4], 2) },
    attributes: { transBatchA: { int: 1 }, transBatchB: { int: 1 }, transB: { int: 1 } },
    declared: ['shapes', 'ranks'],
  }),
  fused('FusedMatMul', 'rows before two stacks', {
    inputs: { a: randomTensor('float32', [3, 2, 4, 5], 1), b: randomTensor('float32', [2, 4, 5, 2], 2) },
    attributes: { transBatchA: { int: 1 } },
    declared: ['shapes', 'ranks'],
  }),
  fused('FusedMatMul', 'plain', {
    inputs: { a: randomTensor('float32', [3, 4], 1), b: randomTensor('float32', [4, 2], 2) },
    declared: ['shapes', 'ranks'],
  }),
  fused('FusedGemm', 'LeakyRelu', {
    inputs: {
      a: randomTensor('float32', [3, 4], 1),
      b: randomTensor('float32', [2, 4], 2),
      c: randomTensor('float32', [2], 3),
    },
    attributes: { transB: { int: 1 }, activation: text('LeakyRelu'), activation_alpha: { float: 0.1 } },
    step: 1 / 256,
  }),
  ...ACTIVATIONS.map(([activation, floats]) => convolved(activation, floats)),
  fused('SkipLayerNormalization', 'scale alone', { inputs: { x, skip: sum.skip, scale: sum.scale } }),
  fused('SkipLayerNormalization', 'scale, offset and bias', {
    inputs: sum,
    attributes: { epsilon: { float: 1e-3 } },
  }),
  fused('SkipLayerNormalization', 'its sum', {
    inputs: { x, skip: sum.skip, scale: sum.scale },
    outputs: 4,
    order: ['x', 'skip', 'scale'],
    of: 3,
    wrt: ['x', 'skip'],
    opsets: [],
  }),
  fused('SkipSimplifiedLayerNormalization', 'scale', { inputs: { x, skip: sum.skip, scale: sum.scale } }),
  {
    operator: 'SimplifiedLayerNormalization',
    name: 'the last axis',
    inputs: { x, scale: row(3) },
    attributes: { axis: { int: -1 }, epsilon: { float: 1e-3 } },
    opsets: [11, 17],
  },
];
