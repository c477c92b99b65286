import {
  arcFace,
  BackendError,
  curricularFace,
  type HeadInput,
  type HeadOptions,
  type HeadOutput,
  type MarginLoss,
  marginLoss,
  normFace,
  OptionOutOfRangeError,
  referenceStep,
  softmax,
  sphereFace,
} from '@cf/core';
import * as runtime from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import { LinearMemory } from '../simd/linear-memory.ts';
import { type OnnxBackendOptions, onnxBackend } from './onnx-backend.ts';
import { learnt, open, problem, worst } from './testing.ts';

describe('tiles', () => {
  test.each([
    [1, 41, 7],
    [7, 1, 41],
    [41, 7, 3],
    [7, 41, 41],
    [41, 41, 7],
  ])('B = %i, C = %i, d = %i: whatever is kept from pass 1, the bits are the same', async (...shape) => {
    const input = problem(...shape);
    const expected = referenceStep(curricularFace(), input);
    const outputs = [];
    for (const keepBytes of [0, 4 * shape[0] * 7 * 2, 1e9]) {
      const head = await (await open({ keepBytes })).createHead(curricularFace(), { tileSize: 7 });
      outputs.push(await head.step(input));
    }
    for (const output of outputs) expect(output).toEqual(outputs.at(-1));
    expect(Math.abs(outputs[0]!.loss - expected.loss)).toBeLessThan(2e-5 * Math.max(1, expected.loss));
    if (shape[1] === 1) return;
    expect(worst(outputs[0]!.gradEmbeddings, expected.gradEmbeddings)).toBeLessThan(1e-4);
    expect(worst(outputs[0]!.gradWeights, expected.gradWeights)).toBeLessThan(1e-4);
  });

  test('steps of other sizes on one head do not disturb each other', async () => {
    const head = await (await open()).createHead(arcFace(), { tileSize: 5 });
    const [small, large] = [problem(3, 11, 4), problem(9, 23, 4)];
    const first = await head.step(small);
    await head.step(large);
    expect(await head.step(small)).toEqual(first);
    const both = await Promise.all([head.step(small), head.step(large), head.step(small)]);
    expect(both[0]).toEqual(first);
    expect(both[2]).toEqual(first);
  });
});

describe('element-wise work', () => {
  test('gives the same in WebAssembly and in a graph, to rounding', async () => {
    const input = problem(41, 230, 7);
    const ownLoss = marginLoss({
      name: 'log-cosine',
      modulation: {
        name: 'logarithm',
        onSphere: true,
        negative: (ops, cos) => {
          const above = ops.add(cos, ops.constant(2));
          return { value: ops.log(above), dCos: ops.div(ops.constant(1), above) };
        },
      },
    });
    for (const loss of [curricularFace({ scale: 32 }), sphereFace(), softmax({ bias: false }), ownLoss]) {
      const [wasm, graph] = await Promise.all(
        (['wasm', 'graph'] as const).map(async (elementwise) =>
          (await (await open({ elementwise })).createHead(loss, { tileSize: 50 })).step(input),
        ),
      );
      expect(wasm!.loss).toBeCloseTo(graph!.loss, 5);
      expect(wasm!.loss).toBeCloseTo(referenceStep(loss, input).loss, 5);
      expect(worst(wasm!.gradEmbeddings, graph!.gradEmbeddings)).toBeLessThan(1e-5);
      expect(worst(wasm!.gradWeights, graph!.gradWeights)).toBeLessThan(1e-5);
      for (const [name, value] of Object.entries(graph!.diagnostics)) {
        const actual = wasm!.diagnostics[name as keyof typeof graph.diagnostics];
        if (value === null) expect(actual).toBeNull();
        else expect(actual).toBeCloseTo(value, 5);
      }
    }
  });

  test('in WebAssembly ends at its memory with an error that says so', () => {
    const linear = new LinearMemory();
    expect(() => linear.layout([2 ** 31])).toThrow(OptionOutOfRangeError);
    const [first, second] = linear.layout([3, 5]);
    expect(second! - first!).toBeGreaterThanOrEqual(4 * (3 + 3));
  });

  test.each(['wasm', 'graph'] as const)(
    '%s: a later tile may lie e^100 above the first',
    async (elementwise) => {
      // Inner products: the first tile's are near 0, a later one's near 100.
      const dim = 2;
      const weights = Float32Array.from([0, 0, 0.1, 0, 0, 0.1, 0, 0, 10, 0, 0, 10]);
      const input = { embeddings: Float32Array.of(10, 1, 1, 10, 9, 9), weights, labels: [0, 1, 2], dim };
      const loss = softmax({ bias: false });
      const head = await (await open({ elementwise, skipBound: 0 })).createHead(loss, { tileSize: 2 });
      const output = await head.step(input);
      const expected = referenceStep(loss, input);
      expect(output.loss).toBeCloseTo(expected.loss, 3);
      expect(worst(output.gradEmbeddings, expected.gradEmbeddings)).toBeLessThan(1e-5);
      expect(worst(output.gradWeights, expected.gradWeights)).toBeLessThan(1e-5);
    },
  );
});

describe.each([
  { slopes: 'wait in the gradient', batch: 7, dim: 41 },
  { slopes: 'are computed again', batch: 41, dim: 7 },
])('where slopes $slopes (B = $batch, d = $dim)', ({ batch, dim }) => {
  const classes = 43;
  const steps = (
    loss: MarginLoss,
    input: HeadInput,
    options: Partial<OnnxBackendOptions>,
    headOptions: HeadOptions = {},
  ): Promise<HeadOutput[]> =>
    Promise.all(
      [0, 1e9].map(async (keepBytes) =>
        (
          await (await open({ keepBytes, ...options })).createHead(loss, { tileSize: 8, ...headOptions })
        ).step(input),
      ),
    );

  test.each(['wasm', 'graph'] as const)(
    '%s: biases, tiles far above others, and an inspection',
    async (elementwise) => {
      const input = problem(batch, classes, dim);
      // The first class center is 0: its tile starts at logits of 0, later ones lie far above.
      const weights = Float32Array.from(input.weights, (value, at) => (at < 8 * dim ? 0.01 : 60) * value);
      const bias = Float32Array.from({ length: classes }, (_, j) => j / classes);
      const loss = softmax();
      const [kept, whole] = await steps(
        loss,
        { ...input, weights, bias },
        { elementwise, skipBound: 0 },
        { inspect: true },
      );
      expect(kept).toEqual(whole);
      const expected = referenceStep(loss, { ...input, weights, bias }, { inspect: true });
      expect(worst(kept!.gradWeights, expected.gradWeights)).toBeLessThan(1e-4);
      expect(worst(kept!.gradBias!, expected.gradBias!)).toBeLessThan(1e-4);
      expect(worst(kept!.gradEmbeddings, expected.gradEmbeddings)).toBeLessThan(1e-4);
      expect(worst(kept!.inspection!.gradLogits, expected.inspection!.gradLogits)).toBeLessThan(1e-4);
    },
  );

  test('skipped tiles and rows of 10³⁰', async () => {
    // All samples are of the third tile's classes: others are out of sight.
    const input = learnt(batch, classes, dim, (label) => 16 + (label % 8));
    const weights = Float32Array.from(input.weights, (value) => value * 1e30);
    const loss = curricularFace({ scale: 400 });
    const [kept, whole] = await steps(loss, { ...input, weights }, {});
    expect(kept!.diagnostics.skippedShare).toBeGreaterThan(0);
    expect(kept).toEqual(whole);
    const expected = referenceStep(loss, { ...input, weights });
    expect(worst(kept!.gradEmbeddings, expected.gradEmbeddings)).toBeLessThan(1e-3);
    expect(worst(kept!.gradWeights, expected.gradWeights, 1e-32)).toBeLessThan(1e-3);
  });
});

describe('skipping', () => {
  test('moves gradients by less than 1e-6 of their scale, and tells its share', async () => {
    const input = learnt(16, 3000, 256);
    const loss = curricularFace({ scale: 64 });
    const whole = await (await (await open({ skipBound: 0 })).createHead(loss, { tileSize: 100 })).step(
      input,
    );
    const skipped = await (await (await open()).createHead(loss, { tileSize: 100 })).step(input);
    expect(whole.diagnostics.skippedShare).toBe(0);
    expect(skipped.diagnostics.skippedShare).toBeGreaterThan(0.5);
    // Of the scale that a gradient of this batch naturally has: s/B over the shortest row.
    for (const name of ['gradEmbeddings', 'gradWeights'] as const) {
      const [a, b] = [Array.from(skipped[name]), Array.from(whole[name])];
      expect(a.reduce((max, value, i) => Math.max(max, Math.abs(value - b[i]!)), 0)).toBeLessThan(
        (1e-6 * 64) / 16,
      );
    }
    expect(skipped.loss).toBe(whole.loss);
  });

  test('clears the rows of an array that it is given', async () => {
    const input = learnt(16, 3000, 256);
    const head = await (await open()).createHead(curricularFace({ scale: 64 }), { tileSize: 100 });
    const gradWeights = new Float32Array(3000 * 256).fill(7);
    const output = await head.step({ ...input, gradWeights });
    expect(output.gradWeights).toBe(gradWeights);
    expect(gradWeights.includes(7)).toBe(false);
  });

  test('does not happen where nothing is learnt', async () => {
    const head = await (await open()).createHead(curricularFace());
    expect((await head.step(problem(16, 3000, 32))).diagnostics.skippedShare).toBe(0);
  });
});

describe('extremes', () => {
  test.each([2e-12, 1e-9, 1e19, 1e30])('rows of size %d neither vanish nor overflow', async (size) => {
    const input = problem(7, 11, 5, size);
    const output = await (await (await open()).createHead(curricularFace(), { tileSize: 4 })).step(input);
    const expected = referenceStep(curricularFace(), input);
    expect(Math.abs(output.loss - expected.loss)).toBeLessThan(1e-3);
    // Gradients are as small as rows are large.
    const floor = 0.01 / size;
    expect(worst(output.gradEmbeddings, expected.gradEmbeddings, floor)).toBeLessThan(1e-4);
    expect(worst(output.gradWeights, expected.gradWeights, floor)).toBeLessThan(1e-4);
  });

  test('entries too small for a norm in float32 make a zero vector', async () => {
    const output = await (await (await open()).createHead(sphereFace())).step(problem(3, 5, 4, 1e-39));
    expect(output.gradEmbeddings.every((value) => value === 0)).toBe(true);
    expect(output.loss).toBeCloseTo(Math.log(5), 5);
  });

  test('a loss of 10⁻²⁶ keeps its digits', async () => {
    const input = {
      embeddings: Float32Array.of(3, 0),
      weights: Float32Array.of(2, 0, -1, 0),
      labels: [0],
      dim: 2,
    };
    const loss = normFace({ scale: 30 });
    const output = await (await (await open()).createHead(loss)).step(input);
    const expected = referenceStep(loss, input);
    expect(expected.loss).toBeLessThan(1e-25);
    expect(output.loss / expected.loss).toBeCloseTo(1, 5);
  });

  test.each([
    ['curricularface', curricularFace(), Number.NaN],
    ['curricularface', curricularFace(), Number.POSITIVE_INFINITY],
    ['softmax', softmax({ bias: false }), Number.NEGATIVE_INFINITY],
  ])('%s names a weight of %3$d and its index', async (_, loss, bad) => {
    const input = problem(3, 11, 4);
    (input.weights as Float32Array)[30] = bad;
    const head = await (await open()).createHead(loss, { tileSize: 4 });
    await expect(head.step(input)).rejects.toMatchObject({
      code: 'E_NON_FINITE',
      tensor: 'weights',
      index: 30,
    });
  });

  test('a float64 beyond the range of float32 is refused', async () => {
    const input = problem(2, 3, 2);
    const weights = Float64Array.from(input.weights);
    weights[3] = 1e300;
    const head = await (await open()).createHead(curricularFace());
    await expect(head.step({ ...input, weights })).rejects.toMatchObject({ tensor: 'weights', index: 3 });
  });
});

describe('diagnostics', () => {
  test('that look at every negative can be left out', async () => {
    const head = await (await open()).createHead(curricularFace());
    const { diagnostics } = await head.step({ ...problem(3, 11, 4), countNegatives: false });
    expect(diagnostics).toMatchObject({ hardShare: null, emphasisedShare: null, minModulation: null });
    expect(diagnostics.t).not.toBeNull();
  });
});

describe('what can not be', () => {
  test('a provider that is not there is an error, not a fallback', async () => {
    await expect(open({ provider: 'quantum' })).rejects.toThrow(BackendError);
  });

  test('a disposed head says so', async () => {
    const head = await (await open()).createHead(curricularFace());
    head.dispose();
    await expect(head.step(problem(3, 5, 4))).rejects.toMatchObject({ code: 'E_BACKEND' });
  });

  test('a step that runs when its head is disposed ends as it would have', async () => {
    const input = problem(3, 5, 4);
    const [kept, disposed] = await Promise.all(
      [0, 1].map(async () => (await open()).createHead(curricularFace())),
    );
    const running = [disposed!.step(input), disposed!.step(input)];
    disposed!.dispose();
    const expected = await kept!.step(input);
    expect(await Promise.all(running)).toEqual([expected, expected]);
    await expect(disposed!.step(input)).rejects.toMatchObject({ code: 'E_BACKEND' });
  });

  test('what the runtime fails with comes through', async () => {
    const failing: OnnxRuntime = {
      Tensor: runtime.Tensor as unknown as OnnxRuntime['Tensor'],
      InferenceSession: {
        create: async () => ({
          run: () => Promise.reject(new Error('out of memory')),
          release: async () => {},
        }),
      },
    };
    const head = await (await onnxBackend({ runtime: failing })).createHead(curricularFace());
    await expect(head.step(problem(3, 5, 4))).rejects.toThrow('out of memory');
  });
});
