import {
  angularMargin,
  curricularFace,
  focal,
  LOSS_NAMES,
  type MarginLoss,
  marginLoss,
  referenceStep,
  registerLoss,
} from '@cf/core';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { type LossDefinition, tfjsBackend } from '../index.ts';
import {
  compileMarginModel,
  embeddingModel,
  MarginHead,
  type MarginModelOptions,
  marginHeadOf,
  registerMarginHead,
} from '../layers.ts';

const [CLASSES, FEATURES, DIM] = [4, 6, 3];

beforeAll(async () => {
  await tfjsBackend();
});

function backbone(seed = 1): tfl.LayersModel {
  const kernelInitializer = tfl.initializers.glorotNormal({ seed });
  return tfl.sequential({
    layers: [tfl.layers.dense({ units: DIM, inputShape: [FEATURES], kernelInitializer, useBias: false })],
  });
}

function compile(loss: MarginModelOptions['loss'], extra: Partial<MarginModelOptions> = {}): tfl.LayersModel {
  return compileMarginModel(backbone(), { loss, classes: CLASSES, optimizer: 'sgd', ...extra });
}

function data(count: number, seed: number): { x: tf.Tensor2D; y: tf.Tensor1D } {
  return tf.tidy(() => {
    const labels = tf.mod(tf.range(0, count, 1, 'int32'), tf.scalar(CLASSES, 'int32')) as tf.Tensor1D;
    const prototypes = tf.randomNormal([CLASSES, FEATURES], 0, 1, 'float32', 5);
    const noise = tf.randomNormal([count, FEATURES], 0, 0.3, 'float32', seed);
    return { x: tf.add(tf.gather(prototypes, labels), noise) as tf.Tensor2D, y: labels };
  });
}

const DEFINITIONS: readonly LossDefinition[] = [
  ...LOSS_NAMES.map((loss) => (loss === 'dynamic-arcface' ? { loss, classCounts: [5, 1, 30, 2] } : { loss })),
  {
    loss: 'curricularface',
    params: {
      margin: { kind: 'combined', multiplicative: 1.1, angular: 0.2, cosine: 0.1 },
      alpha: 'tface',
      tInitial: 0.125,
      scale: 16,
    },
  },
  { loss: 'arcface', params: { beyondPi: 'cosine', gradient: 'straight-through', easyMargin: true } },
  { loss: 'adaface', params: { tAlpha: 0.5, batchMeanInitial: 3, batchStdInitial: 2 } },
  { loss: 'magface', params: { lambdaG: 10, lowerNorm: 1, upperNorm: 20 } },
  { loss: 'ohem', params: { reduction: 'meanOfKept', base: { loss: 'mv-am-softmax', params: { t: 1.1 } } } },
  { loss: 'self-paced', params: { regulariser: 'mixture', lowerShare: 0.25, pace: 9, maximumPace: 50 } },
  { loss: 'elastic-cosface', params: { plus: 'released', seed: 12 } },
  {
    loss: 'focal',
    params: { labelSmoothing: 0.1, base: { loss: 'dynamic-arcface' } },
    classCounts: [1, 2, 3, 4],
  },
  { loss: 'cosface', params: { margin: Float32Array.of(0.1, 0.2, 0.3, 0.35) } },
];

/** Saves to memory and loads again. */
async function reloaded(model: tfl.LayersModel): Promise<tfl.LayersModel> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = JSON.parse(JSON.stringify({ ...artifacts, weightData: undefined })) as tf.io.ModelArtifacts;
      saved.weightData = artifacts.weightData!;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    }),
  );
  return tfl.loadLayersModel(tf.io.fromMemory(saved!));
}

function weightBytes(model: tfl.LayersModel): Uint8Array[] {
  return model.getWeights().map((weight) => {
    const values = weight.dataSync();
    return new Uint8Array(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength));
  });
}

describe('a compiled margin model', () => {
  test('learns by fit, with callbacks and validation; t follows the batches and stands still in validation', async () => {
    const model = compile(
      { loss: 'curricularface', params: { scale: 8, margin: 0.2, alpha: 'tface' } },
      { centersSeed: 3, optimizer: tf.train.adam(0.05), metrics: ['accuracy', 't'] },
    );
    const [train, valid] = [data(64, 1), data(32, 2)];
    const seen: tfl.Logs[] = [];
    const { history } = await model.fit(train.x, train.y, {
      epochs: 12,
      batchSize: 16,
      validationData: [valid.x, valid.y],
      verbose: 0,
      callbacks: { onEpochEnd: (_, logs) => void seen.push(logs!) },
    });
    expect(seen).toHaveLength(12);
    expect(history.loss!.at(-1)).toBeLessThan((history.loss![0] as number) / 2);
    expect(history.val_accuracy!.at(-1)).toBeGreaterThan(0.9);
    const { values } = await marginHeadOf(model).readState();
    expect(values.t).toBeGreaterThan(0.3);
    expect(history.val_t!.at(-1)).toBeCloseTo(values.t!, 6);
    model.evaluate(valid.x, valid.y, { batchSize: 32 });
    expect((await marginHeadOf(model).readState()).values.t).toBe(values.t);
    expect((model.predict(valid.x) as tf.Tensor).shape).toEqual([32, DIM]);
  });

  test('takes the step of the float64 reference', async () => {
    const model = compile('curricularface', { centersStd: 1, centersSeed: 4, optimizer: tf.train.sgd(0.01) });
    const { x, y } = data(8, 3);
    const [kernel, centers] = model.getWeights().map((weight) => weight.dataSync().slice()) as Float32Array[];
    const embeddings = (embeddingModel(model).predict(x) as tf.Tensor).dataSync() as Float32Array;
    const expected = referenceStep(marginHeadOf(model).loss, {
      embeddings,
      weights: centers!,
      labels: y.dataSync(),
      dim: DIM,
    });
    const cost = await model.trainOnBatch(x, tf.reshape(y, [-1, 1]));
    expect(cost).toBeCloseTo(expected.loss, 3);
    const after = model.getWeights().map((weight) => weight.dataSync());
    for (let i = 0; i < centers!.length; i++) {
      expect(after[1]![i]).toBeCloseTo(centers![i]! - 0.01 * expected.gradWeights[i]!, 4);
    }
    const inputs = x.dataSync();
    for (let n = 0; n < FEATURES; n++) {
      for (let k = 0; k < DIM; k++) {
        let slope = 0;
        for (let i = 0; i < 8; i++)
          slope += inputs[i * FEATURES + n]! * expected.gradEmbeddings[i * DIM + k]!;
        expect(after[0]![n * DIM + k]).toBeCloseTo(kernel![n * DIM + k]! - 0.01 * slope, 4);
      }
    }
    expect(after[3]![0]).toBeCloseTo(expected.state.values.t!, 6);
  });

  test('class weights are weights of samples', async () => {
    const build = (classWeights?: number[]): tfl.LayersModel =>
      compile('normface', {
        centersSeed: 4,
        optimizer: tf.train.sgd(0),
        ...(classWeights ? { classWeights } : {}),
      });
    const { x, y } = data(8, 3);
    const [plain, doubled, none] = [build(), build([2, 2, 2, 2]), build([0, 0, 0, 0])];
    const loss = (await plain.trainOnBatch(x, y)) as number;
    expect(await doubled.trainOnBatch(x, y)).toBeCloseTo(2 * loss, 4);
    expect(await none.trainOnBatch(x, y)).toBe(0);

    const classWeights = [1, 2, 0, 3];
    const weighted = build(classWeights);
    const labels = [...y.dataSync()];
    const expected = referenceStep(marginHeadOf(weighted).loss, {
      embeddings: (embeddingModel(weighted).predict(x) as tf.Tensor).dataSync() as Float32Array,
      weights: weighted.getWeights()[1]!.dataSync() as Float32Array,
      labels,
      sampleWeights: labels.map((label) => classWeights[label]!),
      dim: DIM,
    });
    expect(await weighted.trainOnBatch(x, y)).toBeCloseTo(expected.loss, 4);
  });

  test('leaves no tensor behind', async () => {
    const model = compile('elastic-arcface', {
      centersSeed: 5,
      optimizer: tf.train.sgd(0.01),
      metrics: ['accuracy', 'step'],
    });
    const { x, y } = data(8, 3);
    await model.trainOnBatch(x, y);
    const before = tf.memory().numTensors;
    for (let i = 0; i < 20; i++) await model.trainOnBatch(x, y);
    tf.dispose(model.evaluate(x, y));
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('save and load', () => {
  test.each(DEFINITIONS.map((definition) => [JSON.stringify(definition), definition] as const))(
    '%s: the same bits, and the same bits after further steps',
    async (_text, definition) => {
      const model = compile(definition, { centersSeed: 7, optimizer: tf.train.sgd(0.01) });
      const { x, y } = data(8, 5);
      for (let i = 0; i < 3; i++) await model.trainOnBatch(x, y);
      registerMarginHead();
      const loaded = compileMarginModel(await reloaded(model), { optimizer: tf.train.sgd(0.01) });
      expect(weightBytes(loaded)).toEqual(weightBytes(model));
      const [head, other] = [marginHeadOf(model), marginHeadOf(loaded)];
      expect(other.getConfig()).toEqual(head.getConfig());
      expect(await other.readState()).toEqual(await head.readState());
      expect(await loaded.trainOnBatch(x, y)).toBe(await model.trainOnBatch(x, y));
      expect(weightBytes(loaded)).toEqual(weightBytes(model));
    },
  );

  test('a loss that was made is saved as its definition, and one of your own by the name that it was registered under', async () => {
    const made = compile(focal(curricularFace({ scale: 16, tInitial: 0.25 }), { gamma: 1 }), {
      centersSeed: 3,
    });
    const { x, y } = data(8, 5);
    await made.trainOnBatch(x, y);
    const again = compileMarginModel(await reloaded(made), { optimizer: 'sgd' });
    expect(marginHeadOf(again).loss).toMatchObject({ name: 'focal(curricularface)', scale: 16 });
    expect(weightBytes(again)).toEqual(weightBytes(made));

    const mine = (): MarginLoss => marginLoss({ name: 'mine', scale: 8, margin: angularMargin(0.2) });
    const unnamed = compile(mine());
    await unnamed.trainOnBatch(x, y);
    await expect(reloaded(unnamed)).rejects.toThrow(/registerLoss\('mine'/);
    registerLoss('mine', mine);
    const named = compile('mine', { centersSeed: 3 });
    expect(marginHeadOf(compileMarginModel(await reloaded(named), { optimizer: 'sgd' })).loss).toMatchObject({
      name: 'mine',
      scale: 8,
    });
  });

  test('the embedding model has neither centers nor state, and shares the weights', async () => {
    const model = compile('curricularface', { centersSeed: 6 });
    const embedder = embeddingModel(model);
    expect(embedder.getWeights()).toHaveLength(1);
    const { x } = data(4, 1);
    expect((embedder.predict(x) as tf.Tensor).dataSync()).toEqual((model.predict(x) as tf.Tensor).dataSync());
  });

  test('a state can be set', async () => {
    const model = compile('curricularface', { centersSeed: 6 });
    const head = marginHeadOf(model);
    head.writeState({ loss: 'curricularface', values: { step: 0, t: 0.5 } });
    expect((await head.readState()).values.t).toBe(0.5);
    expect(() => head.writeState({ loss: 'arcface', values: {} })).toThrow(/E_STATE_MISMATCH|a state of/);
  });
});

describe('what does not fit', () => {
  test.each([
    ['an unknown loss', () => compile('curriculaface'), /did you mean 'curricularface'/],
    ['an unknown option', () => compile({ loss: 'arcface', params: { s: 3 } }), /option of arcface 's'/],
    [
      'an infinity',
      () => compile({ loss: 'self-paced', params: { maximumPace: Infinity } }),
      /a finite number/,
    ],
    ['an unknown metric', () => compile('arcface', { metrics: ['t'] }), /one of "accuracy"/],
    ['classWeights of another length', () => compile('arcface', { classWeights: [1] }), /one weight a class/],
    ['no classes', () => compile('arcface', { classes: 0 }), /classes/],
    [
      'an option of the head that is none',
      () => compile('arcface', { subCentres: 2 } as never),
      /did you mean 'subCenters'/,
    ],
    ['no loss', () => compileMarginModel(backbone(), { optimizer: 'sgd' }), /give loss/],
    [
      'a class weight that is negative',
      () => compile('arcface', { classWeights: [1, 1, -1, 1] }),
      /classWeights\[2\] = -1/,
    ],
    [
      'a class weight that is none',
      () => compile('arcface', { classWeights: [1, NaN, 1, 1] }),
      /classWeights\[1\] = NaN/,
    ],
    [
      'a class weight beyond float32',
      () => compile('arcface', { classWeights: [1, 1, 1, 1e39] }),
      /classWeights\[3\] = 1e\+39/,
    ],
    ['a model without a head', () => marginHeadOf(backbone()), /ends in Dense/],
    [
      'a backbone that is not flat',
      () =>
        compileMarginModel(
          tfl.sequential({
            layers: [tfl.layers.conv2d({ filters: 2, kernelSize: 1, inputShape: [2, 2, 1] })],
          }),
          { loss: 'arcface', classes: 2, optimizer: 'sgd' },
        ),
      /end the backbone in a flat layer/,
    ],
  ])('%s', (_name, act, message) => {
    expect(act).toThrow(message);
  });

  test.each([0, -1, NaN, Infinity])('a centersStd of %d', (centersStd) => {
    expect(() => compile('arcface', { centersStd })).toThrow(/expected a finite centersStd > 0/);
  });

  test.each(
    Object.entries({
      loss: 'cosface',
      classes: CLASSES,
      params: {},
      classCounts: [1, 2, 3, 4],
      subCenters: 2,
      tileSize: 10,
      keepBytes: 0,
      centersStd: 0.1,
      centersSeed: 1,
      name: 'head',
    }),
  )('%s for a model that has a head', (name, value) => {
    const model = compile('arcface');
    expect(() => compileMarginModel(model, { [name]: value, optimizer: 'sgd' })).toThrow(
      expect.objectContaining({
        option: name,
        expected: `no ${name} for a model that has a head of its own`,
      }) as never,
    );
    expect(compileMarginModel(model, { [name]: undefined, optimizer: 'sgd' })).toBe(model);
  });

  test('one-hot targets', async () => {
    const model = compile('arcface');
    const { x, y } = data(8, 1);
    await expect(model.trainOnBatch(x, tf.oneHot(y, CLASSES))).rejects.toThrow('not one-hot');
  });

  test('a layer knows its name', () => {
    expect(new MarginHead({ classes: 2, loss: 'arcface' }).getClassName()).toBe('MarginHead');
  });
});
