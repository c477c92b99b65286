import { defineBackbone, residualBlock } from '@cf/backbones';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { layersModel } from '../networks/layers-model.ts';
import { registerTrainingKernels } from './register.ts';
import { maxDifference, randomValues } from './testing.ts';

const SIZE = 12;
const MISSING = [
  'Conv2DBackpropFilter',
  'DepthwiseConv2dNativeBackpropFilter',
  'DepthwiseConv2dNativeBackpropInput',
];

/** All layers that the backbones are made of, on a small image. */
function smallNetwork(): tfl.LayersModel {
  const small = defineBackbone({
    name: 'small',
    inputSize: SIZE,
    embeddingSize: 4,
    seed: 3,
    convStd: () => 0.2,
    layers: (net) => {
      let x = net.conv(net.pixels(128), 'conv1', { from: 3, to: 8, kernel: 3, padding: 1 });
      x = net.prelu(net.batchNorm(x, 'bn1', 8), 'prelu', 8);
      x = residualBlock(net, x, 'layer1', { from: 8, to: 8, stride: 1 });
      x = residualBlock(net, x, 'layer2', { from: 8, to: 6, stride: 2 });
      x = net.conv(x, 'narrow', { from: 6, to: 6, kernel: 3, stride: 2, padding: 1, groups: 6 });
      x = net.conv(x, 'depthwise', { from: 6, to: 6, kernel: 3, padding: 1, groups: 6 });
      x = net.conv(x, 'global', { from: 6, to: 6, kernel: 3, groups: 6 });
      x = net.flatten(net.conv(x, 'wide', { from: 6, to: 20, kernel: 1 }), 'flatten');
      x = net.linear(net.dropout(x, 'dropout', 0), 'fc', { from: 20, to: 4 });
      return net.batchNorm(x, 'features', 4);
    },
  });
  return layersModel(small);
}

interface Step {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

async function trainingStep(backend: string): Promise<Step> {
  await tf.setBackend(backend);
  const model = smallNetwork();
  const images = tf.tensor(
    randomValues([4, SIZE, SIZE, 3], 7).values.map((v) => 127.5 * (v + 1)),
    [4, SIZE, SIZE, 3],
  );
  const targets = tf.tensor(randomValues([4, 4], 8).values, [4, 4]);
  const { value, grads } = tf.variableGrads(() =>
    tf.losses.meanSquaredError(targets, model.apply(images, { training: true }) as tf.Tensor),
  );
  const gradients = model.trainableWeights.map(
    ({ originalName, name }) => [originalName, grads[name]] as const,
  );
  const step = {
    loss: value.dataSync()[0]!,
    gradients: new Map(gradients.map(([name, gradient]) => [name, gradient!.dataSync() as Float32Array])),
  };
  tf.dispose([value, grads, images, targets]);
  model.dispose();
  return step;
}

test('importing registers nothing', () => {
  for (const name of MISSING) expect(tf.getKernel(name, 'wasm')).toBeUndefined();
});

test('without the kernels, a convolution is not trained', async () => {
  await expect(trainingStep('wasm')).rejects.toThrow(/Conv2DBackpropFilter|DepthwiseConv2dNativeBackprop/);
  tf.engine().reset();
});

describe('with them', () => {
  let before: tf.KernelConfig[];

  beforeAll(() => {
    before = tf.getKernelsForBackend('wasm');
  });

  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  test('each is registered once, and the names are told', () => {
    expect(registerTrainingKernels('wasm')).toEqual([
      ...MISSING,
      'Conv2DBackpropInput',
      'BatchMatMul',
      'Identity',
      'Slice',
      'Tile',
      'Sum',
      'Mean',
      'UnsortedSegmentSum',
    ]);
    const registered = tf.getKernelsForBackend('wasm');
    expect(registered).toHaveLength(before.length + MISSING.length + 1);
    expect(registerTrainingKernels('wasm')).toEqual([]);
    expect(tf.getKernelsForBackend('wasm')).toEqual(registered);
  });

  test('kernels that the backend sets up are still set up', () => {
    const setUp = before.find(({ kernelName }) => kernelName === 'Sum')!.setupFunc;
    expect(setUp).toBeTypeOf('function');
    expect(tf.getKernel('Sum', 'wasm').setupFunc).toBe(setUp);
  });

  test('all gradients of a network are those of the cpu backend', async () => {
    const [expected, actual] = [await trainingStep('cpu'), await trainingStep('wasm')];
    expect(actual.loss).toBeCloseTo(expected.loss, 5);
    expect([...actual.gradients.keys()]).toEqual([...expected.gradients.keys()]);
    for (const [name, gradient] of expected.gradients) {
      const scale = gradient.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      expect(maxDifference(actual.gradients.get(name)!, gradient), name).toBeLessThan(1e-4 * scale + 1e-6);
    }
  });

  test('thirty steps leave nothing behind', async () => {
    await tf.setBackend('wasm');
    const model = smallNetwork();
    const images = tf.randomUniform([2, SIZE, SIZE, 3], 0, 255, 'float32', 1);
    const optimizer = tf.train.sgd(0.01);
    const step = (): void =>
      optimizer.minimize(() =>
        tf.mean(tf.abs(model.apply(images, { training: true }) as tf.Tensor)),
      ) as never;
    step();
    const { numTensors, numDataBuffers } = tf.memory();
    const ids = tf.backend().numDataIds();
    for (let i = 0; i < 30; i++) step();
    expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
    expect(tf.backend().numDataIds()).toBe(ids);
    tf.dispose(images);
    model.dispose();
  });
});

test('only wasm needs them', () => {
  expect(() => registerTrainingKernels('webgl' as 'wasm')).toThrow(
    expect.objectContaining({ code: 'E_BACKEND', fix: expect.stringContaining('leave the call out') }),
  );
});
