import { arcFace, createLoss, referenceStep, sphereFace2, uniFace } from '@cf/core';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { tfjsBackend } from '../index.ts';
import {
  compileMarginModel,
  embeddingModel,
  MarginHead,
  type MarginHeadConfig,
  marginHeadOf,
} from '../layers.ts';

const [CLASSES, FEATURES, DIM, SAMPLES] = [4, 6, 3, 8];

beforeAll(async () => {
  await tfjsBackend();
});

function compile(config: Omit<MarginHeadConfig, 'classes'>): tfl.LayersModel {
  const { loss, params, ...rest } = config;
  const kernelInitializer = tfl.initializers.glorotNormal({ seed: 1 });
  const backbone = tfl.sequential({
    layers: [tfl.layers.dense({ units: DIM, inputShape: [FEATURES], kernelInitializer, useBias: false })],
  });
  const optimizer = tf.train.sgd(0.01);
  const shared = { centersStd: 1, centersSeed: 4, classes: CLASSES, optimizer };
  const definition = typeof loss === 'string' && params !== undefined ? { loss, params } : loss;
  return compileMarginModel(backbone, { ...shared, ...rest, loss: definition });
}

function weightsByName(model: tfl.LayersModel): Record<string, Float32Array> {
  const { weights } = marginHeadOf(model);
  const entries = weights.map((weight) => [
    weight.originalName.split('/').at(-1)!,
    weight.read().dataSync().slice() as Float32Array,
  ]);
  return Object.fromEntries(entries);
}

describe('a head of the whole family', () => {
  test.each([
    [{ loss: 'arcface', subCenters: 3 }],
    [{ loss: 'sphereface2', params: { scale: 8 }, subCenters: 2 }],
    [{ loss: 'bce-face', params: { scale: 8 } }],
    [{ loss: 'dynamic-arcface', classCounts: [1, 20, 3, 4] }],
    [{ loss: 'adacos', params: { labelSmoothing: 0.1 } }],
  ] as const)('takes the step of the float64 reference: %j', async (config) => {
    const model = compile(config);
    const head = marginHeadOf(model);
    const x = tf.randomNormal([SAMPLES, FEATURES], 0, 1, 'float32', 3);
    const labels = Int32Array.from({ length: SAMPLES }, (_, i) => i % CLASSES);
    const { centers, bias } = weightsByName(model);
    const subCenters = (config as MarginHeadConfig).subCenters ?? 1;
    expect(centers).toHaveLength(CLASSES * subCenters * DIM);
    const expected = referenceStep(
      head.loss,
      {
        embeddings: (embeddingModel(model).predict(x) as tf.Tensor).dataSync() as Float32Array,
        weights: centers!,
        labels,
        dim: DIM,
        ...(bias ? { bias } : {}),
      },
      { subCenters },
    );
    const cost = (await model.trainOnBatch(x, tf.tensor1d(labels, 'int32'))) as number;
    expect(Math.abs(cost - expected.loss) / Math.max(1, expected.loss)).toBeLessThan(1e-4);
    const after = weightsByName(model);
    for (let i = 0; i < centers!.length; i++)
      expect(after.centers![i]).toBeCloseTo(centers![i]! - 0.01 * expected.gradWeights[i]!, 4);
    for (let i = 0; i < (bias?.length ?? 0); i++)
      expect(after.bias![i]).toBeCloseTo(bias![i]! - 0.01 * expected.gradBias![i]!, 4);
    expect((await head.readState()).values.scale ?? 0).toBeCloseTo(expected.state.values.scale ?? 0, 4);
  });

  test('biases have the shape and the start of their loss', () => {
    const one = weightsByName(compile({ loss: 'sphereface2' })).bias!;
    expect([...one]).toEqual([Math.fround(sphereFace2().bias!.start(CLASSES))]);
    const each = weightsByName(compile({ loss: 'bce-face' })).bias!;
    expect([...each]).toEqual(new Array(CLASSES).fill(Math.fround(uniFace().bias!.start(CLASSES))));
    expect([...weightsByName(compile({ loss: 'softmax' })).bias!]).toEqual([0, 0, 0, 0]);
  });

  test('the config is plain data, and makes the same head again', () => {
    const margin = Float32Array.of(0.1, 0.2, 0.3, 0.35);
    const config = { classes: CLASSES, subCenters: 2, loss: 'cosface', params: { margin } };
    const saved = JSON.parse(JSON.stringify(new MarginHead(config).getConfig())) as MarginHeadConfig;
    expect(saved).toMatchObject({ loss: 'cosface', subCenters: 2, params: { margin: [...margin] } });
    expect(new MarginHead(saved).loss.classValues).toEqual(
      createLoss('cosface', { margin: [...margin] }).classValues,
    );
    const counts = { classes: CLASSES, loss: 'dynamic-arcface', classCounts: Int32Array.of(1, 2, 3, 4) };
    const counted = JSON.parse(JSON.stringify(new MarginHead(counts).getConfig())) as MarginHeadConfig;
    expect(counted.params).toEqual({ counts: [1, 2, 3, 4] });
    expect(new MarginHead(counted).loss.classValues).toEqual(new MarginHead(counts).loss.classValues);
  });

  test.each([
    [{ loss: 'arcface', subCenters: 0 }, 'E_OPTION_RANGE', 'subCenters = 0'],
    [{ loss: 'dynamic-arcface' }, 'E_OPTION_RANGE', 'counts = undefined'],
    [{ loss: arcFace(), params: { margin: 0.1 } }, 'E_OPTION_RANGE', 'params = {"margin":0.1}'],
    [{ loss: arcFace as never }, 'E_OPTION_RANGE', 'loss = "the function arcface"'],
    [{ loss: undefined as never }, 'E_OPTION_RANGE', 'loss = undefined'],
    [{ loss: 'arcface', subCentres: 2 } as never, 'E_UNKNOWN_NAME', "option of MarginHead 'subCentres'"],
    [{ loss: 'dynamic-arcface', classCounts: [1, 2, 0, 4] }, 'E_OPTION_RANGE', 'counts[2] = 0'],
    [{ loss: 'dynamic-arcface', classCounts: [1, 2] }, 'E_SHAPE', 'margin of length 2 in dynamic-arcface'],
    [{ loss: 'arcface', params: { margin: [0.1, Number.NaN, 0, 0] } }, 'E_OPTION_RANGE', 'margin[1] = NaN'],
  ] as const)('what does not fit: %j', (config, code, given) => {
    expect(() => new MarginHead({ classes: CLASSES, ...config })).toThrow(
      expect.objectContaining({ code, given }) as never,
    );
  });
});

test('targets may be floats that are integers; names are told as names', () => {
  const model = compile({ loss: 'arcface' });
  const head = marginHeadOf(model);
  const embeddings = tf.randomNormal([SAMPLES, DIM], 0, 1, 'float32', 3);
  const labels = Array.from({ length: SAMPLES }, (_, i) => i % CLASSES);
  const lossOf = (targets: tf.Tensor): number => head.lossFunction(targets, embeddings).dataSync()[0]!;
  const expected = lossOf(tf.tensor1d(labels, 'int32'));
  expect(lossOf(tf.tensor1d(Float32Array.from(labels)))).toBe(expected);
  const numbers = Int32Array.from(BigInt64Array.from(labels, BigInt), Number);
  expect(lossOf(tf.tensor1d(numbers, 'int32'))).toBe(expected);
  expect(() => lossOf(tf.tensor1d(labels.map(String)))).toThrow(
    /^targets of type string, expected class numbers.*\n.*buildLabelMap/s,
  );
});
