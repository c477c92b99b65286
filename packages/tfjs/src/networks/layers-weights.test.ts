import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, describe, expect, test } from 'vitest';
import { layersWeights, setLayersWeights } from './layers-weights.ts';
import type { NamedWeight } from './weight-layout.ts';

const models: tfl.LayersModel[] = [];

afterEach(() => {
  for (const model of models.splice(0)) model.dispose();
});

function sequential(...layers: tfl.layers.Layer[]): tfl.LayersModel {
  const model = tfl.sequential({ layers });
  models.push(model);
  return model;
}

const counted = (...dims: number[]): NamedWeight => {
  const count = dims.reduce((size, dim) => size * dim, 1);
  return { dims, data: Float32Array.from({ length: count }, (_, i) => i + 1) };
};

describe('layouts', () => {
  test('a convolution has [out, in, H, W] for [H, W, in, out]', async () => {
    const conv = tfl.layers.conv2d({ name: 'c', filters: 2, kernelSize: [1, 3], inputShape: [1, 3, 2] });
    const model = sequential(conv);
    setLayersWeights(model, new Map([['c.weight', counted(2, 2, 1, 3)]]));
    const [kernel] = conv.getWeights();
    // Tap j, input i, output o is number 6·o + 3·i + j.
    expect(kernel!.arraySync()).toEqual([
      [
        [
          [1, 7],
          [4, 10],
        ],
        [
          [2, 8],
          [5, 11],
        ],
        [
          [3, 9],
          [6, 12],
        ],
      ],
    ]);
    expect((await layersWeights(model)).get('c.bias')).toEqual({
      type: 'float32',
      dims: [2],
      data: new Float32Array(2),
    });
  });

  test('a depthwise convolution has [C, 1, H, W] for [H, W, C, 1]', () => {
    const conv = tfl.layers.depthwiseConv2d({
      name: 'c',
      kernelSize: [1, 2],
      useBias: false,
      inputShape: [1, 2, 3],
    });
    setLayersWeights(sequential(conv), new Map([['c.weight', counted(3, 1, 1, 2)]]));
    expect(conv.getWeights()[0]!.arraySync()).toEqual([
      [
        [[1], [3], [5]],
        [[2], [4], [6]],
      ],
    ]);
  });

  test('slopes of PReLU are [C, 1, 1]', async () => {
    const prelu = tfl.layers.prelu({ name: 'p', sharedAxes: [1, 2], inputShape: [2, 2, 3] });
    const model = sequential(prelu);
    setLayersWeights(model, new Map([['p.weight', counted(3, 1, 1)]]));
    expect(prelu.getWeights()[0]!.arraySync()).toEqual([[[1, 2, 3]]]);
    expect((await layersWeights(model)).get('p.weight')!.dims).toEqual([3, 1, 1]);
  });

  test('a dense layer has [out, in] for [in, out]', () => {
    const dense = tfl.layers.dense({ name: 'd', units: 2, inputShape: [3] });
    setLayersWeights(sequential(dense), new Map([['d.weight', counted(2, 3)]]));
    expect(dense.getWeights()[0]!.arraySync()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
  });

  test('a dense layer over a flattened image takes its input in the order C, H, W', () => {
    const dense = tfl.layers.dense({ name: 'd', units: 1 });
    const flatten = tfl.layers.flatten({ inputShape: [2, 1, 3] });
    setLayersWeights(
      sequential(flatten, tfl.layers.dropout({ rate: 0.5 }), dense),
      new Map([['d.weight', counted(1, 6)]]),
    );
    // Row h, channel c is number 2·c + h.
    expect(dense.getWeights()[0]!.arraySync()).toEqual([[1], [3], [5], [2], [4], [6]]);
  });

  test('so does batch normalisation', async () => {
    const norm = tfl.layers.batchNormalization({ name: 'n' });
    const model = sequential(tfl.layers.flatten({ inputShape: [2, 1, 3] }), norm);
    setLayersWeights(model, new Map([['n.running_var', counted(6)]]));
    expect(norm.getWeights()[3]!.arraySync()).toEqual([1, 3, 5, 2, 4, 6]);
    expect((await layersWeights(model)).get('n.running_var')).toEqual({ type: 'float32', ...counted(6) });
    expect([...(await layersWeights(model)).keys()]).toEqual([
      'n.weight',
      'n.bias',
      'n.running_mean',
      'n.running_var',
    ]);
  });
});

describe('what does not fit is an error, and changes nothing', () => {
  const build = (): tfl.LayersModel => sequential(tfl.layers.dense({ name: 'd', units: 2, inputShape: [3] }));
  const bias = ['d.bias', counted(2)] as const;

  test.each([
    ['a name that is not there', ['d.wieght', counted(2, 3)], 'E_UNKNOWN_NAME', "did you mean 'd.weight'?"],
    ['another shape', ['d.weight', counted(3, 2)], 'E_SHAPE', 'pass the weights of this network.'],
    ['too few numbers', ['d.weight', { dims: [2, 3], data: new Float32Array(5) }], 'E_SHAPE', ''],
    [
      'a number that is not finite',
      ['d.weight', { dims: [2, 3], data: new Float32Array(6).fill(Number.NaN) }],
      'E_NON_FINITE',
      '',
    ],
  ] as const)('%s', async (_, weight, code, fix) => {
    const model = build();
    const before = await layersWeights(model);
    const act = (): void => setLayersWeights(model, new Map<string, NamedWeight>([bias, weight]));
    expect(act).toThrow(expect.objectContaining({ code, fix: expect.stringContaining(fix) }));
    expect(await layersWeights(model)).toEqual(before);
  });

  test('a layer whose layout is not known', async () => {
    const model = sequential(tfl.layers.embedding({ inputDim: 2, outputDim: 2, inputLength: 1 }));
    await expect(layersWeights(model)).rejects.toMatchObject({ code: 'E_UNKNOWN_NAME' });
  });
});
