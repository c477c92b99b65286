import { NonFiniteError, StateMismatchError } from '@cf/core';
import {
  adamw,
  arrayOptimiser,
  type Learner,
  type LearnerBatch,
  type LearnerOptimiserOptions,
  learnerOptimiser,
  type NamedTensors,
  sgd,
} from '@cf/training';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { tfjsLearner } from './tfjs-learner.ts';

beforeAll(() => tf.setBackend('cpu'));
afterEach(() => tf.disposeVariables());

const SIDE = 4;
const DIM = 3;

/**
 * Convolution, normalisation inside a model of its own, slopes, dropout, and a linear layer. Normally distributed weights:
 * tfjs 4.0 draws uniform ones without their seed.
 */
function network({ normalised = true } = {}): tfl.LayersModel {
  const kernel = (seed: number) => ({ kernelInitializer: tfl.initializers.glorotNormal({ seed }) });
  const inner = tfl.sequential({ name: 'inner' });
  inner.add(
    tfl.layers.conv2d({ inputShape: [SIDE, SIDE, 3], filters: 2, kernelSize: 3, name: 'conv', ...kernel(1) }),
  );
  if (normalised) inner.add(tfl.layers.batchNormalization({ momentum: 0.9, name: 'bn' }));
  const input = tfl.input({ shape: [SIDE, SIDE, 3] });
  let x = inner.apply(input) as tfl.SymbolicTensor;
  x = tfl.layers.prelu({ name: 'slopes', alphaInitializer: 'ones' }).apply(x) as tfl.SymbolicTensor;
  x = tfl.layers.flatten().apply(x) as tfl.SymbolicTensor;
  x = tfl.layers.dropout({ rate: 0.4, name: 'drop' }).apply(x) as tfl.SymbolicTensor;
  x = tfl.layers.dense({ units: DIM, name: 'linear', ...kernel(2) }).apply(x) as tfl.SymbolicTensor;
  return tfl.model({ inputs: input, outputs: x });
}

const momentum: LearnerOptimiserOptions = { rule: sgd({ momentum: 0.9 }), weightDecay: 0.01 };

const learner = (options = momentum, model = network()): Learner =>
  tfjsLearner(model, { optimiser: learnerOptimiser(options), seed: 5 });

const SAMPLE = 3 * SIDE * SIDE;

/** Pictures `from` to `to` of a step. */
const pictures = (step: number, from: number, to: number): LearnerBatch => ({
  values: Float32Array.from({ length: (to - from) * SAMPLE }, (_, i) =>
    Math.sin(13 * (i + from * SAMPLE) + 7 * step),
  ),
  shape: [to - from, 3, SIDE, SIDE],
  step,
  position: from,
});

const upstream = (step: number, from: number, to: number): Float32Array =>
  Float32Array.from({ length: (to - from) * DIM }, (_, i) => Math.cos(3 * (i + from * DIM) + step));

/** One optimiser step on pictures, in parts that end at these. */
async function stepOn(network: Learner, step: number, ends: readonly number[]): Promise<number> {
  for (const [i, to] of ends.entries()) {
    const from = ends[i - 1] ?? 0;
    await network.forward(pictures(step, from, to));
    await network.backward(upstream(step, from, to));
  }
  return (await network.update(0.1)).gradientNorm;
}

function expectClose(actual: NamedTensors, expected: NamedTensors, digits: number): void {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, { data }] of expected)
    for (const [i, value] of data.entries())
      expect(actual.get(name)!.data[i], `${name}[${i}]`).toBeCloseTo(value, digits);
}

describe('embed', () => {
  test('gives the embeddings of forward, with batch statistics and masks, and moves nothing', async () => {
    const network = learner();
    await stepOn(network, 0, [6]);
    const before = await network.state();
    const embedded = await network.embed(pictures(1, 2, 6));
    expect(await network.state()).toEqual(before);
    expect(await network.embed({ ...pictures(1, 2, 6), position: 0 })).not.toEqual(embedded);
    expect(await network.forward(pictures(1, 2, 6))).toEqual(embedded);
    expect(await network.state()).not.toEqual(before);
  });

  test('between a forward and its backward leaves the gradients as they are', async () => {
    const [plain, looked] = [learner(), learner()];
    for (const network of [plain, looked]) {
      await network.forward(pictures(0, 0, 6));
      if (network === looked) await network.embed(pictures(3, 1, 4));
      await network.backward(upstream(0, 0, 6));
      await network.update(0.1);
    }
    expect([...(await looked.state()).values()]).toEqual([...(await plain.state()).values()]);
  });
});

test('goes back as TensorFlow.js does within one call', async () => {
  const model = network();
  const network_ = learner({ rule: sgd() }, model);
  const before = await network_.state();
  const norm = await stepOn(network_, 0, [6]);
  const after = await network_.state();

  // The masks are those of the step: the same model, whose dropout they were drawn for.
  await network_.load(before);
  await network_.embed(pictures(0, 0, 6));
  const { values, shape } = pictures(0, 0, 6);
  const { grads } = tf.variableGrads(() => {
    const images = tf.transpose(tf.tensor(values, [...shape]), [0, 2, 3, 1]);
    const embeddings = model.apply(images, { training: true }) as tf.Tensor;
    return tf.sum(tf.mul(embeddings, tf.tensor(upstream(0, 0, 6), embeddings.shape))) as tf.Scalar;
  });
  let squares = 0;
  for (const layer of model.layers) {
    for (const [at, weight] of layer.trainableWeights.entries()) {
      const name = `weights/${layer.name}/${at}`;
      const gradient = await grads[(weight.read() as tf.Variable).name]!.data();
      const [old, moved] = [before.get(name)!.data, after.get(name)!.data];
      for (const [i, g] of gradient.entries()) {
        expect(moved[i], `${name}[${i}]`).toBeCloseTo(old[i]! - 0.1 * g, 5);
        squares += g * g;
      }
    }
  }
  expect(norm).toBeCloseTo(Math.sqrt(squares), 4);
});

test('micro-batches are the large batch where no statistics are of a batch', async () => {
  const [whole, split] = [
    learner(momentum, network({ normalised: false })),
    learner(momentum, network({ normalised: false })),
  ];
  for (const step of [0, 1, 2]) {
    const expected = await whole.embed(pictures(step, 0, 6));
    const parts = [await split.embed(pictures(step, 0, 2)), await split.embed(pictures(step, 2, 6))];
    const actual = parts.flatMap((part) => [...part]);
    for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 3);
    await stepOn(whole, step, [6]);
    await stepOn(split, step, [2, 6]);
  }
  const [actual, expected] = [await split.state(), await whole.state()];
  const values = (state: NamedTensors): NamedTensors =>
    new Map([...state].map(([, tensor], i) => [`${i}`, tensor]));
  expectClose(values(actual), values(expected), 4);
});

test.each<[string, LearnerOptimiserOptions]>([
  ['AdamW', { rule: adamw(), weightDecay: 0.1 }],
  [
    'Nesterov, with groups',
    {
      rule: sgd({ momentum: 0.9, nesterov: true }),
      weightDecay: 0.1,
      groups: [
        { kinds: ['norm', 'bias'], weightDecay: 0 },
        { prefixes: ['linear'], learningRateScale: 0.5 },
      ],
    },
  ],
  ['a clipped gradient', { rule: sgd(), clipNorm: 0.01 }],
])('reads the rule as arrays do: %s', async (_, options) => {
  const [network, plain] = [learner(options), learner({ rule: sgd() })];
  const optimiser = learnerOptimiser(options);
  const kinds = {
    'inner/0': 'weight',
    'inner/1': 'bias',
    'inner/2': 'norm',
    'inner/3': 'norm',
    'slopes/0': 'slope',
    'linear/0': 'weight',
    'linear/1': 'bias',
  } as const;
  const before = await plain.state();
  const norm = await stepOn(plain, 0, [6]);
  await stepOn(network, 0, [6]);
  await stepOn(network, 1, [6]);
  await network.load(await restarted(network, before));
  await stepOn(network, 0, [6]);
  const [gradients, after] = [await plain.state(), await network.state()];
  for (const [name, kind] of Object.entries(kinds)) {
    const old = Float64Array.from(before.get(`weights/${name}`)!.data);
    const moved = gradients.get(`weights/${name}`)!.data;
    const factor = Math.min(1, (options.clipNorm ?? Number.POSITIVE_INFINITY) / norm);
    const gradient = old.map((value, i) => (factor * (value - moved[i]!)) / 0.1);
    const { weightDecay, learningRateScale } = optimiser.settingsOf({ name, kind });
    const rule = arrayOptimiser(options.rule, weightDecay);
    rule.update({
      weight: old,
      gradient,
      state: rule.first(old),
      learningRate: 0.1 * learningRateScale,
      updateNumber: 1,
    });
    for (const [i, value] of old.entries())
      expect(after.get(`weights/${name}`)!.data[i], `${name}[${i}]`).toBeCloseTo(value, 3);
  }
});

/** The weights of another state, as before the first update. */
async function restarted(network: Learner, weights: NamedTensors): Promise<NamedTensors> {
  const own = await network.state();
  return new Map(
    [...own].map(([name, { shape, data }]) => [
      name,
      weights.get(name) ?? { shape, data: new (data.constructor as Float32ArrayConstructor)(data.length) },
    ]),
  );
}

describe('a state', () => {
  test('goes on to the same bits', async () => {
    const model = network();
    const network_ = learner(momentum, model);
    await stepOn(network_, 0, [6]);
    const state = await network_.state();
    expect(state.get('updates')!.data[0]).toBe(1);
    await stepOn(network_, 1, [2, 6]);
    const expected = await network_.state();
    await network_.load(state);
    expect(await network_.state()).toEqual(state);
    await stepOn(network_, 1, [2, 6]);
    expect(await network_.state()).toEqual(expected);
  });

  test('of another model is refused, and nothing moves', async () => {
    const network_ = learner();
    await stepOn(network_, 0, [6]);
    const own = await network_.state();
    const one = { shape: [1], data: Float32Array.of(0) };
    for (const broken of [
      new Map([...own].filter(([name]) => name !== 'weights/linear/1')),
      new Map([...own, ['weights/more', one] as const]),
      new Map([...own, ['weights/linear/1', one] as const]),
    ])
      await expect(network_.load(broken)).rejects.toThrow(StateMismatchError);
    expect(await network_.state()).toEqual(own);
  });
});

test('a gradient that is not finite moves no weight and is named', async () => {
  const network_ = learner();
  const weights = async () =>
    [...(await network_.state())].filter(([name]) => /weights|optimiser/.test(name));
  const before = await weights();
  await network_.forward(pictures(0, 0, 6));
  await network_.backward(new Float32Array(6 * DIM).fill(3e38));
  await expect(network_.update(0.1)).rejects.toThrow(/gradient of \w+\/\d\[0\] = /);
  expect(await weights()).toEqual(before);
  await network_.forward(pictures(0, 0, 6));
  await expect(network_.backward(new Float32Array(6 * DIM).fill(Number.NaN))).rejects.toThrow(NonFiniteError);
  await expect(network_.backward(upstream(0, 0, 6))).rejects.toThrow(/a forward before it/);
});

test('leaves no tensor behind', async () => {
  const model = network();
  const start = tf.memory().numTensors;
  const network_ = learner(momentum, model);
  await stepOn(network_, 0, [2, 6]);
  const before = tf.memory().numTensors;
  await network_.embed(pictures(1, 0, 6));
  await network_.forward(pictures(1, 0, 6));
  await stepOn(network_, 1, [2, 6]);
  await network_.load(await network_.state());
  expect(tf.memory().numTensors).toBe(before);
  await network_.forward(pictures(1, 0, 6));
  await network_.dispose();
  expect(tf.memory().numTensors).toBe(start);
});
