import { backendLaws, embeddedGoldens, formatGoldenReport, replayGoldens } from '@cf/conformance';
import { arcFace, curricularFace, type HeadInput, referenceStep } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { describe, expect, test } from 'vitest';
import { tfjsBackend } from '../index.ts';

const open = () => tfjsBackend({ backend: 'wasm' });

describe('tfjs on the wasm backend', () => {
  for (const law of backendLaws(open, { runsPerLoss: 4 })) test(law.name, law.run);

  test('meets 2e-5 on all 339 golden cases', async () => {
    const report = await replayGoldens(await open(), await embeddedGoldens());
    console.log(formatGoldenReport(report));
    expect(report.rows.reduce((sum, row) => sum + row.cases, 0)).toBe(339);
    expect(report.passed, formatGoldenReport(report)).toBe(true);
  });

  const entries = (count: number, phase: number): Float32Array =>
    Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + phase));
  const worst = (actual: ArrayLike<number>, expected: ArrayLike<number>): number => {
    let [error, size] = [0, 0];
    for (let i = 0; i < expected.length; i++) {
      error = Math.max(error, Math.abs(actual[i]! - expected[i]!));
      size = Math.max(size, Math.abs(expected[i]!));
    }
    return error / size;
  };

  // Squares of 10⁻²⁰ and of 10²⁰ are none in float32; between 10⁻¹² and 10¹⁹ they are. Rows of entries of 3·10³⁸ are
  // longer than float32 can say.
  test.each([1e-11, 1e-6, 1, 1e18, 1e19, 1e30, 3e38])(
    'class centers of lengths from 1 to %d, side by side, have their directions',
    async (size) => {
      const [batch, classes, dim] = [5, 7, 4];
      const input: HeadInput = {
        embeddings: entries(batch * dim, 1),
        weights: entries(classes * dim, 2).map((value, i) =>
          Math.floor(i / dim) % 2 ? value : value * size,
        ),
        labels: Int32Array.from({ length: batch }, (_, i) => i),
        dim,
      };
      const head = await (await open()).createHead(arcFace({ scale: 8 }));
      const [actual, expected] = [await head.step(input), referenceStep(arcFace({ scale: 8 }), input)];
      expect(worst(actual.losses, expected.losses)).toBeLessThan(1e-5);
      expect(worst(actual.gradEmbeddings, expected.gradEmbeddings)).toBeLessThan(1e-4);
    },
  );

  test('leaves no tensor behind', async () => {
    const head = await (await open()).createHead(curricularFace(), { tileSize: 3 });
    const input: HeadInput = {
      embeddings: entries(20, 1),
      weights: entries(28, 2),
      labels: [0, 1, 2, 3, 6],
      dim: 4,
    };
    const { numTensors } = tf.memory();
    for (let step = 0; step < 5; step++) await head.step(input);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test('agrees with the reference at a size where its products run in blocks', async () => {
    const [batch, classes, dim] = [37, 301, 129];
    const input: HeadInput = {
      embeddings: entries(batch * dim, 1),
      weights: entries(classes * dim, 2),
      labels: Int32Array.from({ length: batch }, (_, i) => (i * 7) % classes),
      dim,
    };
    const head = await (await open()).createHead(curricularFace(), { tileSize: 100 });
    const [actual, expected] = [await head.step(input), referenceStep(curricularFace(), input)];
    expect(actual.loss / expected.loss).toBeCloseTo(1, 4);
    for (const name of ['gradEmbeddings', 'gradWeights'] as const) {
      expect(worst(actual[name], expected[name])).toBeLessThan(1e-4);
    }
  });
});
