import { backendLaws, embeddedGoldens, formatGoldenReport, replayGoldens } from '@cf/conformance';
import { curricularFace, type HeadInput, referenceStep } from '@cf/core';
import '@tensorflow/tfjs-backend-wasm';
import { describe, expect, test } from 'vitest';
import { tfjsBackend } from './index.ts';

const open = () => tfjsBackend({ backend: 'wasm' });

describe('tfjs on the wasm backend', () => {
  for (const law of backendLaws(open, { runsPerLoss: 4 })) test(law.name, law.run, law.timeout);

  test('meets 2e-5 on all 220 golden cases', async () => {
    const report = await replayGoldens(await open(), await embeddedGoldens());
    console.log(formatGoldenReport(report));
    expect(report.rows.reduce((sum, row) => sum + row.cases, 0)).toBe(220);
    expect(report.passed, formatGoldenReport(report)).toBe(true);
  }, 60_000);

  test('agrees with the reference at a size where its products run in blocks', async () => {
    const [batch, classes, dim] = [37, 301, 129];
    const entries = (count: number, phase: number): Float32Array =>
      Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + phase));
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
      const size = Math.max(...expected[name].map(Math.abs));
      const error = Math.max(...expected[name].map((value, i) => Math.abs(value - actual[name][i]!)));
      expect(error / size).toBeLessThan(1e-4);
    }
  });
});
