import {
  adaCos,
  adaFace,
  arcFace,
  bceFace,
  curricularFace,
  focal,
  type HeadInput,
  type HeadOptions,
  type MarginLoss,
  magFace,
  npcFace,
  referenceStep,
  smoothed,
  softmax,
  sphereFace,
  sphereFace2,
  uniFace,
} from '@cf/core';
import { describe, expect, test } from 'vitest';
import type { OnnxBackendOptions } from './onnx-backend.ts';
import { open, problem, worst } from './testing.ts';

const DIM = 11;
const CLASSES = 23;

/** A batch with a bias where the loss has one. */
function batchOf(loss: MarginLoss, batch: number, subCenters: number): HeadInput {
  const input = problem(batch, CLASSES, DIM, 1, subCenters);
  const length = loss.bias?.of === 'all classes' ? 1 : CLASSES;
  const bias = Float32Array.from({ length }, (_, j) => Math.fround(0.3 + j / 10));
  return loss.bias ? { ...input, bias } : input;
}

/** One step, which must be that of the reference. */
async function expectReference(
  loss: MarginLoss,
  input: HeadInput,
  options: Partial<OnnxBackendOptions>,
  headOptions: HeadOptions,
): Promise<void> {
  const head = await (await open(options)).createHead(loss, headOptions);
  const actual = await head.step(input);
  const expected = referenceStep(loss, input, headOptions);
  const close = 5e-5;
  expect(Math.abs(actual.loss - expected.loss)).toBeLessThan(close * Math.max(1, expected.loss));
  expect(worst(actual.losses, expected.losses)).toBeLessThan(close);
  expect(worst(actual.gradEmbeddings, expected.gradEmbeddings)).toBeLessThan(close);
  expect(worst(actual.gradWeights, expected.gradWeights)).toBeLessThan(close);
  expect(worst(actual.gradBias ?? [], expected.gradBias ?? [])).toBeLessThan(close);
  expect(actual.gradBias?.length).toBe(expected.gradBias?.length);
  if (expected.inspection !== undefined) {
    expect(worst(actual.inspection!.logits, expected.inspection.logits)).toBeLessThan(close);
    expect(worst(actual.inspection!.gradLogits, expected.inspection.gradLogits)).toBeLessThan(close);
  }
  for (const [name, value] of Object.entries(expected.state.values))
    expect(actual.state.values[name]).toBeCloseTo(value, 4);
  for (const [name, value] of Object.entries({ ...expected.diagnostics, skippedShare: 0 })) {
    const found = actual.diagnostics[name as keyof typeof actual.diagnostics];
    if (value === null) expect(found).toBeNull();
    else expect(found).toBeCloseTo(value, 4);
  }
  head.dispose();
}

const LOSSES = [
  sphereFace2(),
  uniFace({ scale: 8 }),
  bceFace({ scale: 16, lambda: 0.7 }),
  focal(sphereFace2(), { gamma: 2 }),
  smoothed(curricularFace({ scale: 16 }), 0.1),
  smoothed(softmax(), 0.2),
  smoothed(sphereFace(), 0.1),
  focal(smoothed(adaFace({ scale: 16 }), 0.1), { gamma: 2 }),
  npcFace({ scale: 16 }),
  adaCos({ dynamic: true }),
  arcFace({ scale: 16 }),
  softmax(),
  sphereFace(),
  magFace({ scale: 16 }),
];

describe.each(['wasm', 'graph'] as const)('element-wise work in %s', (elementwise) => {
  describe.each([
    { slopes: 'wait in the gradient or come again', batch: 7, keepBytes: 0 },
    { slopes: 'come again', batch: 17, keepBytes: 0 },
    { slopes: 'are kept', batch: 17, keepBytes: 1e9 },
  ])('where slopes $slopes (B = $batch, d = 11)', ({ batch, keepBytes }) => {
    test.each(LOSSES)('$name is the reference, with one center a class and with three', async (loss) => {
      for (const subCenters of [1, 3]) {
        const input = batchOf(loss, batch, subCenters);
        const options = { tileSize: 5, subCenters, inspect: batch === 7 };
        await expectReference(loss, input, { elementwise, keepBytes, skipBound: 0 }, options);
      }
    });
  });

  test('of equal sub-centers the first is the nearest', async () => {
    const loss = curricularFace({ scale: 16 });
    const input = problem(7, CLASSES, DIM, 1, 3);
    const weights = Float32Array.from(input.weights);
    // The second of each class is its first once more, and the third is far away.
    for (let c = 0; c < CLASSES; c++) {
      const first = c * 3 * DIM;
      weights.copyWithin(first + DIM, first, first + DIM);
      for (let k = 0; k < DIM; k++) weights[first + 2 * DIM + k] = weights[first + k]! + 3 * (k % 2);
    }
    const options = { tileSize: 5, subCenters: 3 };
    await expectReference(loss, { ...input, weights }, { elementwise, skipBound: 0 }, options);
    const head = await (await open({ elementwise })).createHead(loss, options);
    const { gradWeights } = await head.step({ ...input, weights });
    const second = gradWeights.filter((_, at) => Math.floor(at / DIM) % 3 === 1);
    expect(second.every((value) => value === 0)).toBe(true);
    expect(gradWeights.some((value) => value !== 0)).toBe(true);
  });

  test.each([sphereFace2(), smoothed(arcFace({ scale: 16 }), 0.1), arcFace({ scale: 16 })])(
    '$name: rows of 10³⁰ among others neither vanish nor overflow, with sub-centers too',
    async (loss) => {
      for (const subCenters of [1, 2]) {
        const input = batchOf(loss, 7, subCenters);
        const huge = (at: number): boolean => Math.floor(at / DIM) % 7 === 3;
        const weights = Float32Array.from(input.weights, (value, at) => (huge(at) ? value * 1e30 : value));
        const head = await (await open({ elementwise })).createHead(loss, { tileSize: 5, subCenters });
        const actual = await head.step({ ...input, weights });
        const expected = referenceStep(loss, { ...input, weights }, { subCenters });
        expect(actual.loss).toBeCloseTo(expected.loss, 4);
        expect(worst(actual.gradEmbeddings, expected.gradEmbeddings)).toBeLessThan(5e-5);
        const rows = (values: ArrayLike<number>, large: boolean): number[] =>
          Array.from(values).filter((_, at) => huge(at) === large);
        for (const [large, floor] of [
          [false, 0.01],
          [true, 1e-32],
        ] as const) {
          const [own, due] = [rows(actual.gradWeights, large), rows(expected.gradWeights, large)];
          expect(worst(own, due, floor)).toBeLessThan(5e-5);
        }
        if (loss.bias) expect(worst(actual.gradBias!, expected.gradBias!)).toBeLessThan(5e-5);
      }
    },
  );
});

test('tiles are skipped with sub-centers too, and their rows cleared', async () => {
  const loss = arcFace({ scale: 400 });
  const [dim, classes, subCenters] = [64, 60, 2];
  const all = problem(8, classes, dim, 1, subCenters);
  const labels = Int32Array.from({ length: 8 }, (_, i) => 20 + i);
  const embeddings = Float32Array.from(
    all.embeddings,
    (noise, at) => all.weights[labels[Math.floor(at / dim)]! * 2 * dim + (at % dim)]! + 0.1 * noise,
  );
  const input = { ...all, labels, embeddings };
  const head = await (await open()).createHead(loss, { tileSize: 10, subCenters });
  const gradWeights = new Float32Array(classes * subCenters * dim).fill(7);
  const actual = await head.step({ ...input, gradWeights });
  expect(actual.diagnostics.skippedShare).toBeGreaterThan(0.5);
  expect(gradWeights.includes(7)).toBe(false);
  const expected = referenceStep(loss, input, { subCenters });
  expect(worst(actual.gradWeights, expected.gradWeights)).toBeLessThan(1e-4);
});

test('what is wrong in a weight is named in a binary objective as well', async () => {
  const input = batchOf(sphereFace2(), 3, 1);
  (input.weights as Float32Array)[70] = Number.NaN;
  const head = await (await open()).createHead(sphereFace2(), { tileSize: 4 });
  await expect(head.step(input)).rejects.toMatchObject({ tensor: 'weights', index: 70 });
});
