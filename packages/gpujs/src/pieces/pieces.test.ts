import {
  createLoss,
  type FloatArray,
  initialState,
  LOSS_NAMES,
  type MarginLoss,
  negativeTerms,
  numberOps,
  type PreparedBatch,
  prepareBatch,
  referenceStep,
  targetPoints,
  type UnitRows,
  uniformWeighting,
  unitRows,
} from '@cf/core';
import { GPU } from 'gpu.js';
import { afterAll, describe, expect, test } from 'vitest';
import { targetValueNames } from '../kernels/formula-source.ts';
import { matrixInput } from '../matrix-input.ts';
import { randomProblem } from '../testing/random-problem.ts';
import {
  createCenterGradientKernel,
  createCosineKernel,
  createEmbeddingGradientKernel,
  createInverseNormKernel,
} from './cosine.ts';
import { createCrossEntropyGradientKernel, createCrossEntropyKernel } from './cross-entropy.ts';
import { createMarginKernel, createMarginSlopeKernel, createPivotKernel } from './margin.ts';
import { createHardMaskKernel, createModulationKernel, createModulationSlopeKernel } from './modulation.ts';

const modes = ['cpu', 'webasm'] as const;
const gpus = new Map(modes.map((mode) => [mode, new GPU({ mode })]));
afterAll(() => Promise.all([...gpus.values()].map((gpu) => gpu.destroy())));

const sizes = { batch: 7, classes: 11, dim: 6 };
const { batch, classes, dim } = sizes;
const classCounts = Array.from({ length: classes }, (_, j) => j + 1);
const losses = LOSS_NAMES.map((name) => createLoss(name, {}, { classCounts })).filter(
  ({ geometry }) => geometry === 'cosine',
);

/** A batch, and what core makes of it in float64. */
function problem(loss: MarginLoss) {
  const input = {
    ...randomProblem(loss, 5, batch, classes, dim),
    sampleWeights: new Float64Array(batch).fill(1),
    // A survey is no piece: in evaluation there is none.
    mode: loss.surveyScale === undefined ? ('train' as const) : ('eval' as const),
  };
  const x = unitRows(input.embeddings, dim, 0, batch);
  const labels = Int32Array.from(input.labels);
  const points = targetPoints({ loss, x, weights: input.weights, bias: undefined, labels });
  const draws = loss.draws === undefined ? undefined : new Float64Array(batch).fill(0.4);
  const prepared = prepareBatch({
    loss,
    points,
    norm: x.norms,
    draws,
    state: initialState(loss),
    mode: input.mode,
    classes,
    labels: Float64Array.from(labels),
  });
  const sums = sumsOf(loss, input.weights, x, labels, prepared);
  const values = prepared.sampleValues.map((sample, i) => ({
    ...sample,
    ...loss.negativeSums?.sampleValues(
      numberOps,
      Object.fromEntries(Object.entries(sums).map(([name, of]) => [name, of[i]!])),
    ),
  }));
  const rowsOf = (names: readonly string[]): Float32Array[][] =>
    names.length === 0 ? [] : [values.map((sample) => Float32Array.from(names, (name) => sample[name]!))];
  return {
    input: draws === undefined ? input : { ...input, draws },
    labels: new Float32Array(labels),
    target: [points.cos, points.sin, x.norms].map((values) => new Float32Array(values)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ],
    targetRows: rowsOf(targetValueNames(loss)),
    rows: rowsOf(loss.sampleValueNames),
    prepared: { ...prepared, ...prepared.completed(sums) },
  };
}

/** The sums over the negatives that a target needs: [B] each. */
function sumsOf(
  loss: MarginLoss,
  weights: FloatArray,
  x: UnitRows,
  labels: Int32Array,
  prepared: PreparedBatch,
): Record<string, Float64Array> {
  const { unit } = unitRows(weights, dim, 0, classes);
  const names = loss.negativeSums?.names ?? [];
  const sums = Object.fromEntries(names.map((name) => [name, new Float64Array(batch)]));
  for (let i = 0; i < batch; i++) {
    for (let j = 0; j < classes; j++) {
      if (j === labels[i]) continue;
      let cos = 0;
      for (let k = 0; k < dim; k++) cos += x.unit[i * dim + k]! * unit[j * dim + k]!;
      const { sums: terms } = negativeTerms(
        numberOps,
        loss,
        cos,
        prepared.pivot[i]!,
        prepared.sampleValues[i]!,
      );
      for (const name of names) sums[name]![i]! += terms[name]!;
    }
  }
  return sums;
}

describe.each(modes)('mode %s', (mode) => {
  const gpu = gpus.get(mode)!;
  const held = (gpu as unknown as { kernels: unknown[] }).kernels;

  test('inverse norms and cosines; a zero vector has cosine 0', async () => {
    const { input } = problem(createLoss('normface'));
    const embeddings = Float32Array.from(input.embeddings).fill(0, 0, dim);
    const x = matrixInput(embeddings, dim);
    const w = matrixInput(Float32Array.from(input.weights), dim);
    const inverseX = createInverseNormKernel(gpu, { rows: batch, dim });
    const inverseW = createInverseNormKernel(gpu, { rows: classes, dim });
    const cosine = createCosineKernel(gpu, sizes);
    const cosines = await cosine(x, await inverseX(x), w, await inverseW(w));
    const left = unitRows(embeddings, dim, 0, batch);
    const right = unitRows(input.weights, dim, 0, classes);
    for (let i = 0; i < batch; i++) {
      for (let j = 0; j < classes; j++) {
        let expected = 0;
        for (let k = 0; k < dim; k++) expected += left.unit[i * dim + k]! * right.unit[j * dim + k]!;
        expect(cosines[i]![j]).toBeCloseTo(expected, 6);
      }
    }
    expect([...cosines[0]!]).toEqual(new Array(classes).fill(0));
    for (const kernel of [inverseX, inverseW, cosine]) kernel.destroy();
  });

  test.each(losses.map((loss) => [loss.name, loss] as const))(
    'margin, slope and pivot of %s',
    async (_, loss) => {
      const { target, targetRows, prepared } = problem(loss);
      for (const [create, name] of [
        [createMarginKernel, 'value'],
        [createMarginSlopeKernel, 'dCos'],
        [createPivotKernel, 'pivot'],
      ] as const) {
        const kernel = create(gpu, loss, { batch });
        near(await kernel(...target, ...targetRows), prepared[name], name);
        kernel.destroy();
      }
    },
  );

  test.each(losses.map((loss) => [loss.name, loss] as const))(
    'hard mask, modulation and slope of %s',
    async (_, loss) => {
      const { labels, rows, prepared } = problem(loss);
      const cosines = Array.from({ length: batch }, (_, i) =>
        Float32Array.from({ length: classes }, (_, j) => Math.sin(1 + i * classes + j)),
      );
      const others = cosines.map((row, i) =>
        Array.from(row, (cos) =>
          loss.negative(numberOps, cos, prepared.pivot[i]!, prepared.sampleValues[i]!),
        ),
      );
      const pivots = new Float32Array(prepared.pivot);
      const targets = new Float32Array(batch).fill(0.25);
      const mask = createHardMaskKernel(gpu, loss, sizes);
      const hard = await mask(cosines, pivots, labels);
      const modulation = createModulationKernel(gpu, loss, sizes);
      const values = await modulation(cosines, pivots, targets, labels, ...rows);
      const slope = createModulationSlopeKernel(gpu, loss, sizes);
      const slopes = await slope(cosines, pivots, targets, labels, ...rows);
      for (let i = 0; i < batch; i++) {
        const own = (j: number): boolean => j === labels[i];
        expect([...hard[i]!]).toEqual(
          Array.from(cosines[i]!, (cos, j) => (!own(j) && cos > prepared.pivot[i]! ? 1 : 0)),
        );
        near(
          values[i]!,
          others[i]!.map(({ value }, j) => (own(j) ? 0.25 : value)),
          'N',
        );
        near(
          slopes[i]!,
          others[i]!.map(({ dCos }, j) => (own(j) ? 0.25 : dCos)),
          'slope',
        );
      }
      for (const kernel of [mask, modulation, slope]) kernel.destroy();
    },
  );

  test.each(
    // A weighting G, a regulariser and a binary objective are no pieces of their own.
    losses
      .filter(
        ({ regulariser, weighting, objective }) =>
          regulariser === undefined && weighting === uniformWeighting && objective.kind === 'softmax',
      )
      .map((loss) => [loss.name, loss] as const),
  )('all pieces together give the loss and the gradients of %s', async (_, loss) => {
    const before = held.length;
    const { input, labels, target, rows, targetRows, prepared } = problem(loss);
    const expected = referenceStep(loss, input, { inspect: true });
    const scale = prepared.logitScale[0]!;
    // An N that is off by k·ε moves the exponential of its logit by that share of s.
    const tolerance = 2e-5 * Math.max(1, scale / 64);
    const x = matrixInput(Float32Array.from(input.embeddings), dim);
    const w = matrixInput(Float32Array.from(input.weights), dim);
    const kernels = {
      inverseX: createInverseNormKernel(gpu, { rows: batch, dim }),
      inverseW: createInverseNormKernel(gpu, { rows: classes, dim }),
      cosine: createCosineKernel(gpu, sizes),
      margin: createMarginKernel(gpu, loss, sizes),
      marginSlope: createMarginSlopeKernel(gpu, loss, sizes),
      pivot: createPivotKernel(gpu, loss, sizes),
      modulation: createModulationKernel(gpu, loss, sizes),
      modulationSlope: createModulationSlopeKernel(gpu, loss, sizes),
      crossEntropy: createCrossEntropyKernel(gpu, sizes, { scale }),
      crossEntropyGradient: createCrossEntropyGradientKernel(gpu, sizes, { scale }),
      embeddings: createEmbeddingGradientKernel(gpu, sizes),
      centers: createCenterGradientKernel(gpu, sizes),
    };
    const inverseX = await kernels.inverseX(x);
    const inverseW = await kernels.inverseW(w);
    const cosines = await kernels.cosine(x, inverseX, w, inverseW);
    const pivots = await kernels.pivot(...target, ...targetRows);
    const margin = await kernels.margin(...target, ...targetRows);
    const marginSlope = await kernels.marginSlope(...target, ...targetRows);
    const z = await kernels.modulation(cosines, pivots, margin, labels, ...rows);
    const dz = await kernels.modulationSlope(cosines, pivots, marginSlope, labels, ...rows);
    const nll = await kernels.crossEntropy(z, labels);
    const g = await kernels.crossEntropyGradient(z, labels, nll);
    const slopes = g.map((row, i) => row.map((value, j) => value * dz[i]![j]!));
    const gradient = [slopes, cosines, x, inverseX, w, inverseW] as const;
    near(nll, expected.losses, 'losses', tolerance);
    near(
      z.flatMap((row) => Array.from(row, (value) => scale * value)),
      expected.inspection!.logits,
      'logits',
      tolerance,
    );
    near(
      g.flatMap((row) => Array.from(row, (value) => value / scale)),
      expected.inspection!.gradLogits,
      'g',
      tolerance,
    );
    near(
      (await kernels.embeddings(...gradient)).flatMap((row) => [...row]),
      expected.gradEmbeddings,
      '∂X',
      tolerance,
    );
    near(
      (await kernels.centers(...gradient)).flatMap((row) => [...row]),
      expected.gradWeights,
      '∂W',
      tolerance,
    );
    for (const kernel of Object.values(kernels)) kernel.destroy();
    expect(held.length).toBe(before);
  });

  test('cross-entropy keeps the digits of a loss near 0, and is 0 with one class', async () => {
    const kernel = createCrossEntropyKernel(gpu, { batch: 2, classes: 2 }, { scale: 2 });
    const [tiny, large] = await kernel([Float32Array.of(9, 0), Float32Array.of(9, 0)], [0, 1]);
    expect(tiny! / Math.log1p(Math.exp(-18))).toBeCloseTo(1, 5);
    expect(large! / (18 + Math.log1p(Math.exp(-18)))).toBeCloseTo(1, 6);
    kernel.destroy();
    const alone = createCrossEntropyKernel(gpu, { batch: 1, classes: 1 });
    expect([...(await alone([Float32Array.of(3)], [0]))]).toEqual([0]);
    alone.destroy();
  });
});

test.each([
  ['moves to another mode', async () => new Float32Array(1), 'too many textures'],
  ['refuses', () => Promise.reject(new Error('texture too large')), 'texture too large'],
])('a piece that gpu.js %s is an error', async (_, run, reason) => {
  let destroyed = 0;
  const fallbackReason = reason === 'too many textures' ? reason : null;
  const kernel = Object.assign(run, { kernel: { fallbackReason }, destroy: () => destroyed++ });
  const gpu = { mode: 'webgl2', createKernel: () => kernel } as unknown as GPU;
  const piece = createInverseNormKernel(gpu, { rows: 1, dim: 1 });
  await expect(piece([[1]])).rejects.toMatchObject({
    code: 'E_BACKEND',
    given: `kernel 'inverseNorm' in mode 'webgl2' (${reason})`,
  });
  piece.destroy();
  expect(destroyed).toBe(1);
});

test('a target reads the values of prepare, then those of sums over the negatives', () => {
  const { negativeSums } = createLoss('npcface');
  expect(targetValueNames({ sampleValueNames: ['t'], negativeSums })).toEqual(['t', 'h']);
  expect(targetValueNames(createLoss('curricularface'))).toEqual(['t']);
});

test('a scale that is none is refused', () => {
  const open = () => createCrossEntropyKernel(gpus.get('cpu')!, { batch: 1, classes: 1 }, { scale: 0 });
  expect(open).toThrow(/^scale = 0/);
});

function near(
  given: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  tolerance: number = 2e-5,
): void {
  expect(given.length, what).toBe(expected.length);
  const largest = Math.max(1e-3, ...Array.from(expected, Math.abs));
  const worst = Math.max(...Array.from(expected, (value, i) => Math.abs(given[i]! - value)));
  expect(worst / largest, what).toBeLessThan(tolerance);
}

test('labels are numbers or bigint, and names are an error', async () => {
  const kernel = createCrossEntropyKernel([...gpus.values()][0]!, { batch: 2, classes: 2 });
  const z = [Float32Array.of(0.1, 0.9), Float32Array.of(0.2, 0.3)];
  const expected = await kernel(z, [0, 1]);
  expect(await kernel(z, BigInt64Array.of(0n, 1n) as never)).toEqual(expected);
  expect(await kernel(z, [0n, 1n] as never)).toEqual(expected);
  await expect(async () => kernel(z, ['0', '1'] as never)).rejects.toThrow(
    /^labels\[0\] = "0", expected an integer.*\n.*buildLabelMap/s,
  );
  kernel.destroy();
});
