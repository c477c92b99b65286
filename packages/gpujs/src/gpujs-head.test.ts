import {
  createLoss,
  focal,
  type HeadInput,
  type HeadOutput,
  LOSS_NAMES,
  type MarginLoss,
  ohem,
  referenceStep,
  smoothed,
} from '@cf/core';
import { describe, expect, test } from 'vitest';
import { type GpujsMode, gpujsBackend } from './gpujs-backend.ts';
import { randomProblem } from './testing/random-problem.ts';

const shapes = [1, 7, 41].flatMap((batch) =>
  [1, 7, 41].map((classes) => [batch, classes, 50 - classes] as const),
);
/** Every loss, for a number of classes: some have a table of them. */
const lossesOf = (classes: number) => {
  const classCounts = Array.from({ length: classes }, (_, j) => 1 + ((7 * j) % 20));
  return [
    ...LOSS_NAMES.map((name) => createLoss(name, {}, { classCounts })),
    createLoss('softmax', { bias: false }),
    createLoss('sphereface2', { marginType: 'M', t: 2.5 }),
    ...['curricularface', 'npcface', 'magface', 'softmax'].map((name) => smoothed(createLoss(name), 0.2)),
    ohem(createLoss('uniface')),
    focal(smoothed(createLoss('arcface'), 0.1)),
  ];
};

async function stepOf(
  mode: GpujsMode,
  loss: MarginLoss,
  input: HeadInput,
  tileSize: number,
  subCenters = 1,
): Promise<HeadOutput> {
  const backend = await gpujsBackend({ mode });
  try {
    const head = await backend.createHead(loss, { tileSize, subCenters, inspect: true });
    return await head.step(input);
  } finally {
    await backend.dispose();
  }
}

describe('a step agrees with the float64 reference', () => {
  test.each(lossesOf(1).map((loss, which) => [loss.name + (loss.bias ? ' with bias' : ''), which] as const))(
    '%s, odd shapes and tiles',
    async (_, which) => {
      for (const [index, [batch, classes, dim]] of shapes.entries()) {
        const loss = lossesOf(classes)[which]!;
        const input = randomProblem(loss, index, batch, classes, dim);
        agree(
          await stepOf('cpu', loss, input, [1, 7, 40, 64][index % 4]!),
          referenceStep(loss, input, { inspect: true }),
        );
      }
    },
    30_000,
  );

  test.each(['curricularface', 'softmax', 'uniface', 'npcface', 'adacos'])(
    '%s with sub-centers',
    async (name) => {
      const loss = createLoss(name);
      for (const [index, [batch, classes, dim]] of shapes.entries()) {
        const subCenters = 2 + (index % 3);
        const input = randomProblem(loss, index, batch, classes, dim, subCenters);
        agree(
          await stepOf('cpu', loss, input, [1, 7, 40, 64][index % 4]!, subCenters),
          referenceStep(loss, input, { subCenters, inspect: true }),
        );
      }
    },
    30_000,
  );

  test('mode webasm, with enough cells for its threads', async () => {
    for (const [name, subCenters] of [
      ['curricularface', 1],
      ['curricularface', 3],
      ['sphereface2', 1],
    ] as const) {
      const loss = createLoss(name);
      const input = randomProblem(loss, 3, 41, 210, 16, subCenters);
      const expected = referenceStep(loss, input, { subCenters, inspect: true });
      agree(await stepOf('webasm', loss, input, 150, subCenters), expected);
    }
  });

  test('evaluation, given draws and a given state', async () => {
    const loss = createLoss('elastic-arcface');
    const input = { ...randomProblem(loss, 4, 7, 41, 7), draws: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7] };
    agree(await stepOf('cpu', loss, input, 16), referenceStep(loss, input, { inspect: true }));
    const state = { loss: 'curricularface', values: { step: 0, t: 0.4 } };
    const curricular = createLoss('curricularface');
    const evaluated = { ...randomProblem(curricular, 5, 7, 41, 7), state, mode: 'eval' as const };
    const output = await stepOf('cpu', curricular, evaluated, 16);
    agree(output, referenceStep(curricular, evaluated, { inspect: true }));
    expect(output.state).toEqual(state);
  });
});

test('two steps at once do not disturb each other', async () => {
  const loss = createLoss('curricularface');
  const backend = await gpujsBackend();
  const head = await backend.createHead(loss, { tileSize: 16 });
  const inputs = [1, 2].map((seed) => randomProblem(loss, seed, 7, 41, 7));
  const alone = [await head.step(inputs[0]!), await head.step(inputs[1]!)];
  expect(await Promise.all(inputs.map((input) => head.step(input)))).toEqual(alone);
  await backend.dispose();
});

test('inspection only where it is asked for', async () => {
  const backend = await gpujsBackend();
  const loss = createLoss('normface');
  const head = await backend.createHead(loss);
  expect((await head.step(randomProblem(loss, 1, 7, 7, 7))).inspection).toBeUndefined();
  await backend.dispose();
});

test('the log-sum-exp is not rounded to float32, which has no digits for it at large logits', async () => {
  const backend = await gpujsBackend();
  const head = await backend.createHead(createLoss('softmax', { bias: false }));
  // Both logits are 4096 exactly, and their log-sum-exp is 4096 + log 2: p = 1/2.
  const output = await head.step({
    embeddings: Float32Array.of(64),
    weights: Float32Array.of(64, 64),
    labels: [0],
    dim: 1,
  });
  expect(output.gradWeights[0]).toBeCloseTo(-32, 5);
  expect(output.gradWeights[1]).toBeCloseTo(32, 5);
  await backend.dispose();
});

test('nor is the logit of the target, where the device merges the log-sum-exp', async () => {
  const loss = createLoss('softmax', { bias: false });
  const backend = await gpujsBackend();
  const head = await backend.createHead(loss, { tileSize: 1 });
  // The target's logit is 4096.0002, which float32 rounds to 4096; the other two are 4096 and 4095 exactly.
  const input = {
    embeddings: Float32Array.of(1, 1),
    weights: Float32Array.of(4096, 0, 4096, 2e-4, 4095, 0),
    labels: [1],
    dim: 2,
  };
  const { gradWeights } = await head.step(input);
  const expected = referenceStep(loss, input).gradWeights;
  for (const [at, value] of gradWeights.entries()) expect(value / expected[at]!).toBeCloseTo(1, 6);
  await backend.dispose();
});

test.each([-1000, 1000])('logits %d above the target, and s = 1024', async (above) => {
  const backend = await gpujsBackend();
  const plain = createLoss('softmax', { bias: false });
  const inner = {
    embeddings: Float32Array.of(1),
    weights: Float32Array.of(20, 20 + above, 19 + above, 20 + above),
    labels: [0],
    dim: 1,
  };
  const scaled = createLoss('arcface', { scale: 1024 });
  const unit = {
    embeddings: Float32Array.of(1, 0),
    weights: Float32Array.of(1, 0, 0, 1, 0, -1, -1, 0),
    labels: [above > 0 ? 3 : 0],
    dim: 2,
  };
  for (const [loss, input] of [
    [plain, inner],
    [scaled, unit],
  ] as const) {
    const head = await backend.createHead(loss, { tileSize: 3, inspect: true });
    agree(await head.step(input), referenceStep(loss, input, { inspect: true }));
  }
  await backend.dispose();
});

test('products past the range of float32 are an error, not carried on as NaN', async () => {
  const backend = await gpujsBackend();
  const head = await backend.createHead(createLoss('softmax', { bias: false }));
  const input = {
    embeddings: Float64Array.of(1e200, 1),
    weights: Float64Array.of(1e50, 1, -1e50, 2),
    labels: [1],
    dim: 2,
  };
  await expect(head.step(input)).rejects.toMatchObject({
    code: 'E_NON_FINITE',
    tensor: 'sum of exponentials',
    index: 0,
  });
  await backend.dispose();
});

test.each([
  [1e28, 'gradEmbeddings'],
  [1e39, 'losses'],
])('what float64 holds and float32 does not is an error: a sample weight of %d', async (weight, tensor) => {
  const backend = await gpujsBackend();
  const loss = createLoss('normface');
  const head = await backend.createHead(loss);
  const input = {
    embeddings: Float64Array.of(1e-11, 2e-11),
    weights: Float64Array.of(1, 1, -1, 2),
    labels: [1],
    dim: 2,
    sampleWeights: [weight],
  };
  expect(referenceStep(loss, input)[tensor as 'losses'].every(Number.isFinite)).toBe(true);
  await expect(head.step(input)).rejects.toMatchObject({ code: 'E_NON_FINITE', tensor });
  await backend.dispose();
});

function agree(given: HeadOutput, expected: HeadOutput): void {
  near(Float64Array.of(given.loss), Float64Array.of(expected.loss));
  for (const name of ['losses', 'gradEmbeddings', 'gradWeights'] as const) near(given[name], expected[name]);
  for (const name of ['logits', 'gradLogits'] as const)
    near(given.inspection![name], expected.inspection![name]);
  expect(given.gradBias === undefined).toBe(expected.gradBias === undefined);
  if (given.gradBias !== undefined) near(given.gradBias, expected.gradBias!);
  expect(given.regulariser).toBeCloseTo(expected.regulariser, 10);
  // What is found in float32, by a survey or among the losses, is the only state that is not core's own.
  expect(Object.keys(given.state.values)).toEqual(Object.keys(expected.state.values));
  for (const [name, value] of Object.entries(expected.state.values)) {
    if (name === 'scale' || name === 'pace') expect(given.state.values[name]! / value).toBeCloseTo(1, 6);
    else expect(given.state.values[name], name).toEqual(value);
  }
  for (const [name, value] of Object.entries(expected.diagnostics)) {
    const own = given.diagnostics[name as keyof typeof given.diagnostics];
    if (value === null) expect(own, name).toBeNull();
    else expect(own, name).toBeCloseTo(value, 5);
  }
}

function near(given: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(given.length).toBe(expected.length);
  let largest = 1e-3;
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]!));
    difference = Math.max(difference, Math.abs(given[i]! - expected[i]!));
  }
  expect(difference / largest).toBeLessThan(2e-5);
}
