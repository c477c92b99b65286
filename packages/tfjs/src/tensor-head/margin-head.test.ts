import { SPECIMENS } from '@cf/conformance';
import {
  curricularFace,
  elasticArcFace,
  type HeadInput,
  initialState,
  type LossState,
  type MarginLoss,
  referenceStep,
  softmax,
} from '@cf/core';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
// Registers gradients of operations: those of the networks and factors around the head. The head itself needs none.
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  assignState,
  marginHead,
  stateFromTensors,
  stateToTensors,
  stateVariables,
  type TensorHeadInput,
  tfjsBackend,
} from '../index.ts';

beforeAll(async () => {
  await tfjsBackend();
});

function numbers(count: number, seed: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround(state / 2 ** 31 - 1);
  });
}

const [B, C, D] = [6, 11, 5];

function problem(loss: MarginLoss, seed = 1): HeadInput {
  return {
    embeddings: numbers(B * D, seed),
    weights: numbers(C * D, seed + 7),
    labels: Int32Array.from({ length: B }, (_, i) => (i * 5 + seed) % C),
    sampleWeights: Float32Array.from({ length: B }, (_, i) => 0.5 + (i % 3)),
    dim: D,
    ...(loss.bias ? { bias: numbers(loss.bias.of === 'each class' ? C : 1, seed + 13) } : {}),
  };
}

function onDevice(input: HeadInput, loss: MarginLoss): TensorHeadInput {
  return {
    embeddings: tf.tensor2d(input.embeddings as Float32Array, [B, D]),
    weights: tf.tensor2d(input.weights as Float32Array, [C, D]),
    labels: tf.tensor1d(input.labels as Int32Array, 'int32'),
    sampleWeights: tf.tensor1d(input.sampleWeights as Float32Array),
    ...(input.bias ? { bias: tf.tensor1d(input.bias as Float32Array) } : {}),
    ...(loss.draws ? { step: 0 } : {}),
  };
}

function worst(actual: tf.Tensor, expected: ArrayLike<number>): number {
  const values = actual.dataSync();
  let [error, size] = [0, 1e-3];
  for (let i = 0; i < expected.length; i++) {
    error = Math.max(error, Math.abs(values[i]! - expected[i]!));
    size = Math.max(size, Math.abs(expected[i]!));
  }
  return values.length === expected.length ? error / size : Number.POSITIVE_INFINITY;
}

describe('a differentiable head', () => {
  test.each(SPECIMENS.map((specimen) => [specimen.name, specimen] as const))(
    '%s: loss, gradients and state are those of the float64 reference, scaled by what stands outside',
    (_name, { create }) => {
      const loss = create(undefined, C);
      const input = problem(loss);
      const expected = referenceStep(loss, input);
      tf.tidy(() => {
        const batch = onDevice(input, loss);
        const head = marginHead(loss, { tileSize: 4 });
        const differentiated = [batch.embeddings, batch.weights, ...(batch.bias ? [batch.bias] : [])];
        const { value, grads } = tf.valueAndGrads((...args: tf.Tensor[]) => {
          const [embeddings, weights, bias] = args as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D?];
          const output = head.apply({ ...batch, embeddings, weights, ...(bias ? { bias } : {}) });
          expect(worst(output.losses, expected.losses)).toBeLessThan(1e-4);
          for (const [name, next] of Object.entries(output.nextState)) {
            expect(next.dataSync()[0]).toBeCloseTo(expected.state.values[name]!, 5);
          }
          return tf.mul(output.loss, 3);
        })(differentiated);
        expect(value.dataSync()[0]! / 3).toBeCloseTo(expected.loss, 3);
        const third = (gradient: tf.Tensor): tf.Tensor => tf.div(gradient, 3);
        expect(worst(third(grads[0]!), expected.gradEmbeddings)).toBeLessThan(2e-4);
        expect(worst(third(grads[1]!), expected.gradWeights)).toBeLessThan(2e-4);
        if (expected.gradBias) expect(worst(third(grads[2]!), expected.gradBias)).toBeLessThan(2e-4);
      });
    },
  );

  test('trains a small network: its gradients are central differences of the float64 reference', () => {
    const loss = curricularFace({ scale: 8 });
    const inputs = numbers(B * 3, 5);
    const { weights, labels } = problem(loss);
    const kernel = numbers(3 * D, 17);
    const lossOf = (k: ArrayLike<number>, w: ArrayLike<number>): number => {
      const embeddings = new Float64Array(B * D);
      for (let i = 0; i < B; i++) {
        for (let j = 0; j < D; j++) {
          let sum = 0;
          for (let n = 0; n < 3; n++) sum += inputs[i * 3 + n]! * k[n * D + j]!;
          embeddings[i * D + j] = Math.tanh(sum);
        }
      }
      // In evaluation t stands still, which is how the gradient sees it.
      const state: LossState = { loss: loss.name, values: { step: 0, t: 0.2 } };
      return referenceStep(loss, {
        embeddings,
        weights: Float64Array.from(w),
        labels,
        dim: D,
        mode: 'eval',
        state,
      }).loss;
    };
    const [kernelVariable, centers] = [
      tf.variable(tf.tensor2d(kernel, [3, D])),
      tf.variable(tf.tensor2d(weights as Float32Array, [C, D])),
    ];
    const { grads } = tf.variableGrads(() => {
      const embeddings = tf.tanh(tf.matMul(tf.tensor2d(inputs, [B, 3]), kernelVariable)) as tf.Tensor2D;
      return marginHead(loss, { tileSize: 3 }).apply({
        embeddings,
        weights: centers as tf.Variable<tf.Rank.R2>,
        labels: tf.tensor1d(labels as Int32Array, 'int32'),
        state: { step: tf.scalar(0), t: tf.scalar(0.2) },
        mode: 'eval',
        gradients: true,
      }).loss;
    });
    const difference = (values: Float32Array, at: number, f: (v: Float64Array) => number): number => {
      const [up, down] = [Float64Array.from(values), Float64Array.from(values)];
      up[at]! += 1e-6;
      down[at]! -= 1e-6;
      return (f(up) - f(down)) / 2e-6;
    };
    const expectedKernel = Array.from(kernel, (_, at) => difference(kernel, at, (k) => lossOf(k, weights)));
    const expectedCenters = Array.from(weights, (_, at) =>
      difference(weights as Float32Array, at, (w) => lossOf(kernel, w)),
    );
    expect(worst(grads[kernelVariable.name]!, expectedKernel)).toBeLessThan(1e-4);
    expect(worst(grads[centers.name]!, expectedCenters)).toBeLessThan(1e-4);
    tf.dispose([grads, kernelVariable, centers]);
  });

  test('optimizer.minimize lowers the loss and moves t as the reference does; nothing is left after a thousand steps', async () => {
    const loss = curricularFace({ scale: 8, alpha: 'tface' });
    const input = problem(loss);
    const head = marginHead(loss, { tileSize: 4 });
    const weights = tf.variable(
      tf.tensor2d(input.weights as Float32Array, [C, D]),
    ) as tf.Variable<tf.Rank.R2>;
    const state = stateVariables(loss);
    const batch = onDevice(input, loss);
    const optimizer = tf.train.sgd(0.05);
    const step = (): number => {
      const cost = optimizer.minimize(
        () => {
          const output = head.apply({ ...batch, weights, state });
          assignState(state, output.nextState);
          return output.loss;
        },
        true,
        [weights],
      );
      const value = cost!.dataSync()[0]!;
      cost!.dispose();
      return value;
    };
    const first = step();
    const after = await stateFromTensors(loss, state);
    expect(after.values.t).toBeCloseTo(referenceStep(loss, input).state.values.t!, 6);
    const before = tf.memory();
    let last = first;
    for (let i = 0; i < 1000; i++) last = step();
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numBytes).toBe(before.numBytes);
    expect(last).toBeLessThan(first);
    tf.dispose([weights, state, batch as never]);
    optimizer.dispose();
  });

  test('evaluation moves no state, takes no gradients, and says so where they are asked for', () => {
    const loss = curricularFace();
    tf.tidy(() => {
      const batch = onDevice(problem(loss), loss);
      const state = { step: tf.scalar(5), t: tf.scalar(0.25) };
      const head = marginHead(loss, { accuracy: true, countNegatives: true });
      const output = head.apply({ ...batch, state, mode: 'eval' });
      expect(output.nextState.t!.dataSync()[0]).toBe(0.25);
      expect(output.nextState.t).not.toBe(state.t);
      expect(output.hardNegatives!.hard.dataSync()[0]).toBeGreaterThan(0);
      expect(() =>
        tf.grad((x) => head.apply({ ...batch, embeddings: x as tf.Tensor2D, mode: 'eval' }).loss)(
          batch.embeddings,
        ),
      ).toThrow(expect.objectContaining({ code: 'E_OPTION_RANGE' }) as never);
    });
  });

  test('the accuracy is the share of samples nearest to their own class', () => {
    tf.tidy(() => {
      const input = {
        embeddings: tf.tensor2d([1, 0.1, 0.2, 1, 1, 0.2], [3, 2]),
        weights: tf.tensor2d([2, 0, 0, 3, -1, -1], [3, 2]),
        labels: tf.tensor1d([0, 1, 2], 'int32'),
      };
      for (const tileSize of [1, 2, 5]) {
        const { accuracy } = marginHead(curricularFace(), { tileSize, accuracy: true }).apply(input);
        expect(accuracy!.dataSync()[0]).toBeCloseTo(2 / 3, 6);
      }
    });
  });

  test('whatever is kept from pass to pass, the bits are the same', () => {
    const loss = curricularFace();
    tf.tidy(() => {
      const batch = onDevice(problem(loss), loss);
      const [kept, recomputed] = [2 ** 20, 0].map((keepBytes) => {
        const head = marginHead(loss, { tileSize: 2, keepBytes });
        return tf
          .grads(
            (x, w) => head.apply({ ...batch, embeddings: x as tf.Tensor2D, weights: w as tf.Tensor2D }).loss,
          )([batch.embeddings, batch.weights])
          .map((gradient) => [...gradient.dataSync()]);
      });
      expect(kept).toEqual(recomputed);
    });
  });

  test('no tensor of size B × C is made, and the peak grows more slowly than one would', async () => {
    const [batch, dim, tileSize] = [64, 4, 32];
    const head = marginHead(curricularFace(), { tileSize, keepBytes: 0 });
    const peak = async (classes: number): Promise<number> => {
      const embeddings = tf.randomNormal([batch, dim], 0, 1, 'float32', 1) as tf.Tensor2D;
      const weights = tf.randomNormal([classes, dim], 0, 1, 'float32', 2) as tf.Tensor2D;
      const labels = tf.zeros([batch], 'int32') as tf.Tensor1D;
      const before = tf.memory().numBytes;
      const { kernels, peakBytes } = await tf.profile(() =>
        tf.tidy(() => {
          tf.grads(
            (x, w) => head.apply({ embeddings: x as tf.Tensor2D, weights: w as tf.Tensor2D, labels }).loss,
          )([embeddings, weights]);
          return tf.scalar(0);
        }),
      );
      const shapes = kernels.flatMap(({ outputShapes }) => outputShapes);
      expect(Math.max(...shapes.map((shape) => tf.util.sizeFromShape(shape)))).toBeLessThan(batch * classes);
      tf.dispose([embeddings, weights, labels]);
      return peakBytes - before;
    };
    const [few, many] = [await peak(1024), await peak(2048)];
    expect(many - few).toBeLessThan(4 * batch * 1024);
  });
});

describe('seeded draws', () => {
  test('are those of the reference at every step and key', () => {
    const loss = elasticArcFace({ seed: 3 });
    const input = problem(loss);
    const sampleKeys = [9, 8, 7, 100, 3, 2];
    const state = { loss: loss.name, values: { step: 41 } };
    const expected = referenceStep(loss, { ...input, sampleKeys, state });
    tf.tidy(() => {
      const batch = { ...onDevice(input, loss), step: 41, sampleKeys, state: stateToTensors(loss, state) };
      const output = marginHead(loss).apply(batch);
      expect(output.loss.dataSync()[0]).toBeCloseTo(expected.loss, 4);
      expect(output.nextState.step!.dataSync()[0]).toBe(42);
    });
  });

  test('need the step, which is said', () => {
    const loss = elasticArcFace();
    tf.tidy(() => {
      const { step: _, ...batch } = onDevice(problem(loss), loss);
      expect(() => marginHead(loss).apply(batch)).toThrow(/count the steps on the host/);
      expect(() => marginHead(loss).apply({ ...batch, mode: 'eval' })).not.toThrow();
    });
  });
});

describe('bad input', () => {
  test.each([
    ['labels as floats', { labels: tf.zeros([B]) as tf.Tensor1D }, 'E_SHAPE'],
    ['too few labels', { labels: tf.zeros([2], 'int32') as tf.Tensor1D }, 'E_SHAPE'],
    ['weights of another dim', { weights: tf.zeros([C, D + 1]) as tf.Tensor2D }, 'E_SHAPE'],
    ['a bias for a loss without', { bias: tf.zeros([C]) as tf.Tensor1D }, 'E_SHAPE'],
    ['sample weights of another length', { sampleWeights: tf.zeros([1]) as tf.Tensor1D }, 'E_SHAPE'],
    ['no classes', { weights: tf.zeros([0, D]) as tf.Tensor2D }, 'E_SHAPE'],
    ['a state of another loss', { state: { pace: tf.scalar(1) } }, 'E_STATE_MISMATCH'],
    ['a mode that is none', { mode: 'test' as 'eval' }, 'E_OPTION_RANGE'],
  ])('%s', (_name, change, code) => {
    tf.tidy(() => {
      const loss = curricularFace();
      const batch = { ...onDevice(problem(loss), loss), ...change };
      expect(() => marginHead(loss).apply(batch)).toThrow(expect.objectContaining({ code }) as never);
    });
  });

  test.each([
    [
      'BigInt64Array',
      BigInt64Array.of(0n, 1n),
      /^labels as BigInt64Array, .*\n.*Int32Array\.from\(labels, Number\)/s,
    ],
    ['bigint', [0n, 1n], /^labels as Array, .*\n.*Int32Array\.from\(labels, Number\)/s],
    ['Float32Array', Float32Array.of(0, 1), /^labels as Float32Array, .*\n.*tf\.tensor1d/s],
    ['names', ['anna', 'ben'], /^labels as Array, expected a tensor.*\n.*buildLabelMap/s],
    ['nothing', undefined, /^labels as undefined, expected a tensor/],
    [
      'a tensor of names',
      () => tf.tensor1d(Array(B).fill('anna')),
      /^labels of type string, .*\n.*buildLabelMap/s,
    ],
    ['a tensor of floats', () => tf.zeros([B]), /^labels of type float32, .*\n.*tf\.cast/s],
  ])('labels as %s', (_, labels, message) => {
    tf.tidy(() => {
      const loss = curricularFace();
      const given = (typeof labels === 'function' ? labels() : labels) as tf.Tensor1D;
      const batch = { ...onDevice(problem(loss), loss), labels: given };
      expect(() => marginHead(loss).apply(batch)).toThrow(message);
    });
  });

  test('a loss with a bias needs one', () => {
    tf.tidy(() => {
      const { bias: _, ...batch } = onDevice(problem(softmax()), softmax());
      expect(() => marginHead(softmax()).apply(batch)).toThrow('no bias, expected a bias');
    });
  });

  test('values are found by the check: labels out of range, numbers that are not finite', async () => {
    const loss = curricularFace();
    const head = marginHead(loss);
    const input = problem(loss);
    await expect(head.check(onDevice(input, loss))).resolves.toBeUndefined();
    const labels = tf.tensor1d([0, 1, 2, 3, 4, C], 'int32');
    await expect(head.check({ ...onDevice(input, loss), labels })).rejects.toMatchObject({
      code: 'E_LABEL_RANGE',
      index: 5,
    });
    const weights = Float32Array.from(input.weights);
    weights[8] = Number.NaN;
    const broken = onDevice({ ...input, weights }, loss);
    await expect(head.check(broken)).rejects.toMatchObject({
      code: 'E_NON_FINITE',
      tensor: 'weights',
      index: 8,
    });
  });

  test.each([
    [
      'a sample weight',
      'sampleWeights',
      () => [1, 1, -1, 1, 1, 1],
      'E_OPTION_RANGE',
      'sampleWeights[2] = -1',
    ],
    ['a draw', 'draws', () => [0.1, Number.NaN, 0.1, 0.1, 0.1, 0.1], 'E_NON_FINITE', 'draws[1] = NaN'],
  ] as const)('the check finds %s', async (_name, option, values, code, given) => {
    const loss = elasticArcFace();
    const batch = { ...onDevice(problem(loss), loss), [option]: tf.tensor1d(values()) };
    await expect(marginHead(loss).check(batch)).rejects.toMatchObject({ code, given });
  });

  test.each([
    [Number.NaN, 'E_NON_FINITE'],
    [7, 'E_OPTION_RANGE'],
  ])('the check finds a state of %d', async (t, code) => {
    const loss = curricularFace();
    const batch = { ...onDevice(problem(loss), loss), state: { step: tf.scalar(0), t: tf.scalar(t) } };
    await expect(marginHead(loss).check(batch)).rejects.toMatchObject({ code });
  });

  test('a state that lacks a value moves no variable', () => {
    tf.tidy(() => {
      const variables = { t: tf.variable(tf.scalar(0.5)), pace: tf.variable(tf.scalar(2)) };
      expect(() => assignState(variables, { t: tf.scalar(1) })).toThrow(
        expect.objectContaining({ code: 'E_STATE_MISMATCH', given: 'a state with {t}' }) as never,
      );
      expect(variables.t.dataSync()[0]).toBe(0.5);
      tf.dispose(variables);
    });
  });

  test('a state is read back and checked', async () => {
    const loss = curricularFace();
    const state = { ...initialState(loss), values: { step: 0, t: 0.5 } };
    expect(await stateFromTensors(loss, stateToTensors(loss, state))).toEqual(state);
    await expect(stateFromTensors(loss, { step: tf.scalar(0), t: tf.scalar(7) })).rejects.toMatchObject({
      code: 'E_OPTION_RANGE',
    });
  });
});
