import { backendLaws, embeddedGoldens, formatGoldenReport, replayGoldens } from '@cf/conformance';
import { arcFace, curricularFace, initialState, referenceStep, SharedTiles, sphereFace2 } from '@cf/core';
import koffi from 'koffi';
import * as runtime from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { onnxBackend } from '../../head/onnx-backend.ts';
import { problem, worst } from '../../head/testing.ts';
import { oneDnnHeadProducts } from '../../onednn.ts';
import type { OnnxRuntime } from '../../runtime/onnx-runtime.ts';
import { keptSessions } from '../../runtime/testing/kept-sessions.ts';
import { needsOneDnn, oneDnn } from './testing/compare.ts';

const hasOneDnn = oneDnn !== undefined;
const open = (threads: number, opener: OnnxRuntime = runtime): ReturnType<typeof onnxBackend> =>
  onnxBackend({ runtime: opener, threads, products: oneDnnHeadProducts({ koffi }) });

describe.skipIf(!hasOneDnn)(`a head whose products are oneDNN's${needsOneDnn}`, () => {
  const laws = hasOneDnn ? backendLaws(() => open(1, keptSessions(runtime)), { runsPerLoss: 4 }) : [];
  // What products have a part in.
  const chosen =
    /^values, gradients, state|^losses that nobody ships|^everything is finite|^the size of a tile|^of 2 or 3 class centers|^rows of ∂W handed over/;
  for (const law of laws.filter(({ name }) => chosen.test(name))) test(law.name, law.run);

  test('meets 2e-5 on all 339 golden cases, on two threads', async () => {
    const report = await replayGoldens(await open(2), await embeddedGoldens());
    expect(report.rows.reduce((sum, row) => sum + row.cases, 0)).toBe(339);
    expect(report.passed, formatGoldenReport(report)).toBe(true);
  });

  test.each([
    [1, 1, 1],
    [7, 41, 41],
    [41, 1000, 7],
    [130, 700, 64],
  ])(
    'agrees with the reference at B = %d, C = %d, d = %d on one to three threads',
    async (batch, classes, dim) => {
      for (const loss of [curricularFace(), arcFace()]) {
        const input = { ...problem(batch, classes, dim), state: initialState(loss) };
        const expected = referenceStep(loss, input);
        for (const threads of [1, 2, 3]) {
          const head = await (await open(threads)).createHead(loss, { tileSize: 300 });
          const actual = await head.step(input);
          expect(worst(actual.gradWeights, expected.gradWeights)).toBeLessThan(2e-5);
          expect(worst(actual.gradEmbeddings, expected.gradEmbeddings)).toBeLessThan(2e-5);
          head.dispose();
        }
      }
    },
  );

  test('of one batch are shared, by heads whose threads have not started yet too', async () => {
    const input = problem(130, 700, 64);
    const sharedTiles = new SharedTiles().begin(input);
    for (const loss of [curricularFace(), arcFace()]) {
      const backend = await open(2);
      const [head, other] = [await backend.createHead(loss), await backend.createHead(loss)];
      const alone = await head.step(input);
      expect(await other.step({ ...input, sharedTiles })).toEqual(alone);
      head.dispose();
      other.dispose();
    }
    expect(sharedTiles.taken).toBeGreaterThan(0);
  });

  test('adds up a bias that stands in the products, with sub-centers too', async () => {
    const loss = sphereFace2({ scale: 8 });
    for (const subCenters of [1, 3]) {
      const input = {
        ...problem(9, 50, 16, 1, subCenters),
        state: initialState(loss),
        bias: new Float32Array(loss.bias!.of === 'all classes' ? 1 : 50).fill(-1),
      };
      const expected = referenceStep(loss, input, { subCenters });
      const head = await (await open(2)).createHead(loss, { subCenters, tileSize: 20 });
      const actual = await head.step(input);
      expect(worst(actual.gradBias!, expected.gradBias!)).toBeLessThan(2e-5);
      expect(worst(actual.gradWeights, expected.gradWeights)).toBeLessThan(2e-5);
      head.dispose();
    }
  });

  test('gives the same bits every time, on threads that are started anew as well', async () => {
    const loss = curricularFace();
    const input = { ...problem(64, 3000, 128), state: initialState(loss) };
    const backend = await open(2);
    const outputs = [];
    for (const _ of [1, 2]) {
      const head = await backend.createHead(loss);
      for (const _step of [1, 2, 3]) outputs.push(await head.step(input));
      head.dispose();
    }
    for (const { gradWeights, gradEmbeddings, loss: value } of outputs) {
      expect(value).toBe(outputs[0]!.loss);
      expect(gradWeights).toEqual(outputs[0]!.gradWeights);
      expect(gradEmbeddings).toEqual(outputs[0]!.gradEmbeddings);
    }
  });

  test('a thread that cannot load the library is an error, and no hang', async () => {
    const products = oneDnnHeadProducts({ koffi });
    const program = { url: products.program!.url, data: 'no-such-library.so' };
    const backend = await onnxBackend({ runtime, threads: 2, products: { ...products, program } });
    const head = await backend.createHead(curricularFace());
    await expect(head.step(problem(64, 3000, 128))).rejects.toThrow(/^a thread of the head that failed/);
    head.dispose();
  });

  test('is refused where graphs do the element-wise work', async () => {
    const products = oneDnnHeadProducts({ koffi });
    await expect(onnxBackend({ runtime, products, elementwise: 'graph' })).rejects.toThrow(
      /^the products of oneDNN .* for element-wise work in graphs/,
    );
  });
});
