import { backendLaws, embeddedGoldens, formatGoldenReport, replayGoldens, SPECIMENS } from '@cf/conformance';
import {
  BackendError,
  CfError,
  curricularFace,
  elasticArcFace,
  type FloatArray,
  type HeadInput,
  type HeadOutput,
  type MarginLoss,
  normFace,
  referenceStep,
  softmax,
  sphereFace,
} from '@cf/core';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { tfjsBackend } from '../index.ts';

/** A batch of odd shape; entries are float32 numbers. */
function problem(batch: number, classes: number, dim: number, size = 1): HeadInput {
  let seed = batch * 1009 + classes * 31 + dim;
  const next = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.fround((seed / 2 ** 31 - 1) * size);
  };
  return {
    embeddings: Float32Array.from({ length: batch * dim }, next),
    weights: Float32Array.from({ length: classes * dim }, next),
    labels: Int32Array.from({ length: batch }, (_, i) => (i * 5) % classes),
    dim,
  };
}

function zeroBias({ bias }: MarginLoss, classes: number): { readonly bias?: Float32Array } {
  return bias ? { bias: new Float32Array(bias.of === 'each class' ? classes : 1) } : {};
}

function worst(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let error = 0;
  let size = 1;
  for (let i = 0; i < expected.length; i++) {
    error = Math.max(error, Math.abs(actual[i]! - expected[i]!));
    size = Math.max(size, Math.abs(expected[i]!));
  }
  return error / size;
}

describe('tfjs on the cpu backend', () => {
  for (const law of backendLaws(() => tfjsBackend({ backend: 'cpu' }), { runsPerLoss: 4 })) {
    test(law.name, law.run);
  }

  test('meets 2e-5 on all 339 golden cases', async () => {
    const report = await replayGoldens(await tfjsBackend({ backend: 'cpu' }), await embeddedGoldens());
    console.log(formatGoldenReport(report));
    expect(report.rows.reduce((sum, row) => sum + row.cases, 0)).toBe(339);
    expect(report.passed, formatGoldenReport(report)).toBe(true);
  });

  test.each([
    [1, 41, 7],
    [7, 1, 41],
    [41, 7, 1],
    [7, 41, 41],
  ])('agrees with the float64 reference at B = %i, C = %i, d = %i, whatever the tile', async (...shape) => {
    const backend = await tfjsBackend();
    const input = problem(...shape);
    const expected = referenceStep(curricularFace(), input);
    for (const tileSize of [1, 7, 4096]) {
      const head = await backend.createHead(curricularFace(), { tileSize });
      const actual = await head.step(input);
      expect(Math.abs(actual.loss - expected.loss)).toBeLessThanOrEqual(2e-5 * Math.max(1, expected.loss));
      expect(worst(actual.gradEmbeddings, expected.gradEmbeddings)).toBeLessThanOrEqual(1e-4);
      expect(worst(actual.gradWeights, expected.gradWeights)).toBeLessThanOrEqual(1e-4);
      expect(actual.gradWeights).toBeInstanceOf(Float32Array);
    }
  });

  // Entries of 3·10³⁸ make rows that are longer than float32 can say.
  test.each([2e-12, 1e-9, 1e19, 1e30, 3e38])('rows of size %d neither vanish nor overflow', async (size) => {
    const head = await (await tfjsBackend()).createHead(curricularFace());
    const input = problem(7, 11, 5, size);
    const [actual, expected] = [await head.step(input), referenceStep(curricularFace(), input)];
    expect(Math.abs(actual.loss - expected.loss)).toBeLessThan(1e-3);
    const gradients = [actual, expected].map(({ gradEmbeddings }) =>
      Float64Array.from(gradEmbeddings, (value) => value * size),
    );
    expect(worst(gradients[0]!, gradients[1]!)).toBeLessThan(1e-4);
  });

  test.each(SPECIMENS.map(({ name, create }) => [name, create] as const))(
    '%s: rows longer than float32 can say give the right loss or an error',
    async (_name, create) => {
      const head = await (await tfjsBackend()).createHead(create(undefined, 7));
      const small = problem(5, 7, 4);
      const long = (values: FloatArray): Float32Array =>
        Float32Array.from(values, (value) => 2e38 * Math.sign(value) + 1e38 * value);
      const input = {
        ...small,
        embeddings: long(small.embeddings),
        weights: long(small.weights),
        ...zeroBias(head.loss, 7),
      };
      const actual = await head.step(input).catch((error: unknown) => error);
      if (actual instanceof CfError) expect(actual).toMatchObject({ code: 'E_NON_FINITE' });
      else {
        const { loss } = actual as HeadOutput;
        expect(loss / referenceStep(head.loss, input).loss).toBeCloseTo(1, 4);
      }
    },
  );

  test('entries too small for a reciprocal in float32 make a zero vector', async () => {
    const head = await (await tfjsBackend()).createHead(sphereFace());
    const actual = await head.step(problem(3, 5, 4, 1e-39));
    expect(actual.gradEmbeddings.every((value) => value === 0)).toBe(true);
    expect(actual.loss).toBeCloseTo(Math.log(5), 5);
  });

  test('a loss of 10⁻²⁶ and its gradient keep their digits', async () => {
    const loss = normFace({ scale: 30 });
    const input = {
      embeddings: Float32Array.of(3, 0),
      weights: Float32Array.of(2, 0, -1, 0),
      labels: [0],
      dim: 2,
    };
    const head = await (await tfjsBackend()).createHead(loss, { inspect: true });
    const actual = await head.step(input);
    const expected = referenceStep(loss, input, { inspect: true });
    expect(expected.loss).toBeLessThan(1e-25);
    expect(actual.loss / expected.loss).toBeCloseTo(1, 5);
    for (const j of [0, 1]) {
      const gradients = [actual, expected].map(({ inspection }) => inspection!.gradLogits[j]!);
      expect(gradients[0]! / gradients[1]!).toBeCloseTo(1, 5);
    }
  });

  test('no tensor is left after two steps of every loss, nor after a step that failed', async () => {
    const backend = await tfjsBackend();
    const heads = await Promise.all(
      SPECIMENS.map(({ create }) => backend.createHead(create(undefined, 7), { tileSize: 3, inspect: true })),
    );
    const input = problem(5, 7, 4);
    const before = tf.memory().numTensors;
    for (const head of [...heads, ...heads]) {
      await head.step({ ...input, ...zeroBias(head.loss, 7) });
    }
    expect(tf.memory().numTensors).toBe(before);

    // Its gradient overflows, which is known once everything has been computed.
    const head = await backend.createHead(softmax());
    const heavy = {
      embeddings: Float32Array.of(10, 10),
      weights: new Float32Array(4),
      bias: new Float32Array(2),
      labels: [0],
      dim: 2,
      sampleWeights: [3e38],
    };
    await expect(head.step(heavy)).rejects.toMatchObject({ tensor: 'gradWeights' });
    expect(tf.memory().numTensors).toBe(before);
  });

  test('a formula that hands its sample values back does not lose them', async () => {
    const backend = await tfjsBackend();
    const base = curricularFace();
    const loss = {
      ...base,
      other: ((_ops, _cos, pivot, sample) => ({ value: pivot, dCos: sample.t! })) as typeof base.negative,
    };
    const head = await backend.createHead(loss, { tileSize: 2 });
    const input = problem(5, 7, 4);
    const { gradWeights } = await head.step(input);
    expect(worst(gradWeights, referenceStep(loss, input).gradWeights)).toBeLessThanOrEqual(1e-4);
  });

  test('in evaluation the state comes back digit for digit', async () => {
    const head = await (await tfjsBackend()).createHead(curricularFace());
    const state = { loss: 'curricularface', values: { step: 0, t: 0.1 } };
    expect((await head.step({ ...problem(3, 5, 4), state, mode: 'eval' })).state).toEqual(state);
  });

  test('a gradient beyond the range of float32 is an error, not an infinity', async () => {
    const input = { embeddings: Float32Array.of(10, 10), weights: new Float32Array(4), labels: [0], dim: 2 };
    const head = await (await tfjsBackend()).createHead(softmax());
    const heavy = { ...input, bias: new Float32Array(2), sampleWeights: [3e38] };
    await expect(head.step(heavy)).rejects.toMatchObject({ code: 'E_NON_FINITE', tensor: 'gradWeights' });
  });

  test.each([
    [{ embeddings: Float64Array.of(1, 2, 3, 1e300) }, 'E_NON_FINITE', 'embeddings[3] = Infinity'],
    [{ sampleWeights: [1e39, 1] }, 'E_OPTION_RANGE', 'sampleWeights[0] = Infinity'],
    [{ draws: [0.1, 1e39] }, 'E_NON_FINITE', 'draws[1] = Infinity'],
    [
      { state: { loss: 'elastic-arcface', values: { step: 0, batchMean: 1e39 } } },
      'E_NON_FINITE',
      'state.batchMean[0] = Infinity',
    ],
  ])(
    'a float64 beyond the range of float32 is refused, not computed with: %j',
    async (change, code, given) => {
      const base = elasticArcFace();
      const loss = { ...base, initialValues: { ...base.initialValues, batchMean: 0 } };
      const head = await (await tfjsBackend()).createHead(loss);
      await expect(head.step({ ...problem(2, 3, 2), ...change })).rejects.toMatchObject({ code, given });
    },
  );

  test('a loss beyond the range of float32 is an error, not an infinity', async () => {
    const head = await (await tfjsBackend()).createHead(softmax({ bias: false }));
    // Logits of ∓2.9·10³⁸, whose difference float32 can't say.
    const input = {
      embeddings: Float32Array.of(1.7e19),
      weights: Float32Array.of(-1.7e19, 1.7e19),
      labels: [0],
      dim: 1,
    };
    await expect(head.step(input)).rejects.toMatchObject({
      code: 'E_NON_FINITE',
      tensor: 'losses',
      index: 0,
    });
  });

  test('a state beyond the range of float32 is an error, not an infinity', async () => {
    const base = curricularFace();
    const loss: MarginLoss = {
      ...base,
      prepare: (ops, statistics, state, mode) => {
        const large = ops.constant(3e38);
        return { ...base.prepare(ops, statistics, state, mode), next: { t: ops.mul(large, large) } };
      },
    };
    const head = await (await tfjsBackend()).createHead(loss);
    await expect(head.step(problem(2, 3, 2))).rejects.toMatchObject({
      code: 'E_NON_FINITE',
      tensor: 'state.t',
    });
  });
});

describe('the backend that is asked for', () => {
  test('names itself and its precision', async () => {
    expect(await tfjsBackend()).toMatchObject({ name: 'tfjs-cpu', precision: 'float32' });
  });

  test('an unknown one is an error that lists the known ones', async () => {
    const error = await tfjsBackend({ backend: 'quantum' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BackendError);
    expect(error).toMatchObject({ code: 'E_BACKEND' });
    expect(String(error)).toContain("'quantum' (not registered), expected one of");
  });

  test.each([
    ['webgpu', 'import @tensorflow/tfjs-backend-webgpu.'],
    ['tensorflow', 'import @tensorflow/tfjs-node.'],
    ['node', "import @tensorflow/tfjs-node, and ask for 'tensorflow', as it calls itself."],
    ['quantum', 'import the package that registers it, or ask for one that is.'],
  ])('%s: where it is not registered, the error says what to import', async (backend, fix) => {
    await expect(tfjsBackend({ backend })).rejects.toMatchObject({ code: 'E_BACKEND', fix });
  });

  test('one that does not initialise is an error, not a fallback', async () => {
    tf.registerBackend('returns-nothing', () => Promise.reject(new Error('no device')));
    tf.registerBackend('throws', () => {
      throw new Error('no device');
    });
    for (const backend of ['returns-nothing', 'throws']) {
      await expect(tfjsBackend({ backend })).rejects.toMatchObject({
        code: 'E_BACKEND',
        fix: 'run it where its device and driver are; TensorFlow.js has logged what went wrong.',
      });
    }
    tf.removeBackend('returns-nothing');
    tf.removeBackend('throws');
  });

  test('one in float16 is an error', async () => {
    await tfjsBackend();
    const half = Object.create(tf.backend(), { floatPrecision: { value: () => 16 } });
    tf.registerBackend('half', () => half);
    await expect(tfjsBackend({ backend: 'half' })).rejects.toThrow(
      /computes in float16[\s\S]*Fix: use a device that computes in float32/,
    );
    await tfjsBackend();
  });

  test('is made active again where something else has changed it', async () => {
    const head = await (await tfjsBackend()).createHead(curricularFace());
    tf.registerBackend('other', () => Object.create(tf.backend()));
    await tf.setBackend('other');
    await head.step(problem(2, 3, 2));
    expect(tf.getBackend()).toBe('cpu');
  });
});
