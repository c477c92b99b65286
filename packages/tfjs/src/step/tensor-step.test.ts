import { type HeadInput, type HeadOutput, type MarginLoss, marginLoss } from '@cf/core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { describe, expect, test } from 'vitest';
import { tfjsBackend } from '../backend/tfjs-backend.ts';

function expectClose(
  name: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  unit: number,
): void {
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!), `${name}[${i}]`).toBeLessThanOrEqual(unit);
  }
}

describe.each(['cpu', 'wasm'])('one step on %s', (backend) => {
  async function step(loss: MarginLoss, input: HeadInput, tileSize = 2): Promise<HeadOutput> {
    const head = await (await tfjsBackend({ backend })).createHead(loss, { tileSize });
    return await head.step(input);
  }

  test('a scale of inner products multiplies x·w + b, in the loss and in every gradient', async () => {
    const loss = marginLoss({ name: 'scaled', geometry: 'inner', bias: true, scale: 4 });
    const input = {
      embeddings: Float32Array.of(0.25, -0.5),
      weights: Float32Array.of(1, 0.5, -0.5, 0.25, 0.75, 1),
      bias: Float32Array.of(0.125, -0.25, 0.5),
      labels: [0],
      dim: 2,
    };
    const logits = [0, 1, 2].map((j) => {
      const [a, b] = [input.weights[2 * j]!, input.weights[2 * j + 1]!];
      return 4 * (0.25 * a - 0.5 * b + input.bias[j]!);
    });
    const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
    const shares = logits.map((z, j) => 4 * (Math.exp(z) / total - (j === 0 ? 1 : 0)));
    const { loss: value, gradBias, gradWeights, gradEmbeddings } = await step(loss, input);
    expectClose('loss', [value], [Math.log(total) - logits[0]!], 2e-6);
    expectClose('gradBias', gradBias!, shares, 2e-6);
    expectClose(
      'gradWeights',
      gradWeights,
      shares.flatMap((g) => [0.25 * g, -0.5 * g]),
      2e-6,
    );
    const pull = (k: number): number => shares.reduce((sum, g, j) => sum + g * input.weights[2 * j + k]!, 0);
    expectClose('gradEmbeddings', gradEmbeddings, [pull(0), pull(1)], 2e-6);
  });

  const one = (embedding: number, weights: readonly number[]): HeadInput => ({
    embeddings: Float32Array.of(embedding),
    weights: Float32Array.from(weights),
    labels: [0],
    dim: 1,
  });
  const inner = marginLoss({ name: 'inner', geometry: 'inner' });

  test('logits far below −10³⁸ count as others do', async () => {
    for (const tileSize of [1, 2, 3]) {
      const { loss } = await step(inner, one(1e19, [-2e19, -2e19, -2e19]), tileSize);
      expect(loss).toBeCloseTo(Math.log(3), 5);
    }
  });

  test('where nothing is left of logits, or gradients overflow, the step is an error', async () => {
    await expect(step(inner, one(1e20, [-3e18, -1e19, -1e19]))).rejects.toMatchObject({
      code: 'E_NON_FINITE',
    });
    const scaled = marginLoss({ name: 'scaled', geometry: 'norm-scaled' });
    await expect(step(scaled, one(3.3e38, [-1, -1, -1]))).rejects.toMatchObject({ code: 'E_NON_FINITE' });
  });

  test('a target far above logits past the range of float32 has p = 1, and so has a class alone', async () => {
    expect((await step(inner, one(1e20, [1, -1e19, -1e19]))).loss).toBe(0);
    expect((await step(inner, one(1e20, [-3e18]))).loss).toBe(0);
  });
});
