import {
  adaCos,
  arcFace,
  bceFace,
  cosFace,
  curricularFace,
  dynamicArcFace,
  focal,
  type HeadInput,
  type HeadOptions,
  type HeadOutput,
  liArcFace,
  type MarginLoss,
  npcFace,
  referenceStep,
  smoothed,
  softmax,
  sphereFace2,
  uniFace,
} from '@cf/core';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { describe, expect, test } from 'vitest';
import { tfjsBackend } from '../backend/tfjs-backend.ts';

const [B, C, D] = [7, 11, 5];

const LOSSES: Readonly<Record<string, () => MarginLoss>> = {
  'sphereface2, one bias': () => sphereFace2(),
  'sphereface2 with powers, angles': () => sphereFace2({ marginType: 'A', t: 2.5, gradient: 'exact' }),
  'uniface, one bias subtracted': () => uniFace({ scale: 16 }),
  'a bias a class': () => bceFace({ scale: 16 }),
  'binary in two passes': () => focal(sphereFace2({ marginType: 'M' })),
  smoothed: () => smoothed(curricularFace({ scale: 16 }), 0.1),
  'smoothed under a weighting': () => focal(smoothed(arcFace({ scale: 16 }), 0.2)),
  'smoothed inner products': () => smoothed(softmax(), 0.1),
  'inner products': () => softmax(),
  'sums over negatives': () => npcFace({ scale: 16 }),
  'sums over negatives, smoothed': () => smoothed(npcFace({ scale: 16 }), 0.1),
  'a survey': () => adaCos(),
  'a survey, smoothed': () => smoothed(adaCos(), 0.1),
  'angles of negatives': () => liArcFace({ scale: 16 }),
  'a table of margins': () =>
    cosFace({ scale: 16, margin: Float64Array.from({ length: C }, (_, c) => 0.05 * c) }),
  'a table of counts': () =>
    dynamicArcFace({ scale: 16, counts: Array.from({ length: C }, (_, c) => 1 + c) }),
};

function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** Of class 3 and of class 5 the first two sub-centers are equal, and some samples are of those classes. */
function problem({ bias }: MarginLoss, subCenters: number): HeadInput {
  const weights = numbers(C * subCenters * D, 2);
  if (subCenters > 1) {
    for (const c of [3, 5]) {
      const first = c * subCenters * D;
      weights.copyWithin(first + D, first, first + D);
    }
  }
  return {
    embeddings: numbers(B * D, 1),
    weights,
    labels: [3, 0, 5, 10, 3, 7, 5],
    dim: D,
    sampleWeights: [1, 2, 0.5, 1, 0, 1, 1],
    ...(bias ? { bias: numbers(bias.of === 'each class' ? C : 1, 3) } : {}),
  };
}

function expectAlike(actual: HeadOutput, expected: HeadOutput): void {
  const flat = ({
    inspection,
    state,
    diagnostics,
    ...output
  }: HeadOutput): Record<string, ArrayLike<number>> => ({
    losses: output.losses,
    loss: [output.loss],
    embeddings: output.gradEmbeddings,
    weights: output.gradWeights,
    bias: output.gradBias ?? [],
    logits: inspection!.logits,
    gradLogits: inspection!.gradLogits,
    state: Object.values(state.values),
    diagnostics: Object.values(diagnostics).map(Number),
  });
  const [ours, theirs] = [flat(actual), flat(expected)];
  for (const [name, values] of Object.entries(theirs)) {
    const size = Math.max(1, ...Array.from(values, Math.abs));
    expect(ours[name]!.length, name).toBe(values.length);
    for (let i = 0; i < values.length; i++) {
      expect(Math.abs(ours[name]![i]! - values[i]!) / size, `${name}[${i}]`).toBeLessThan(2e-5);
    }
  }
}

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  const cases = Object.keys(LOSSES).flatMap((name) =>
    [1, 2, 3].map((subCenters) => [name, subCenters] as const),
  );

  test.each(cases)(
    '%s, with %d centers a class, is that of the reference, whatever the tile',
    async (name, subCenters) => {
      const loss = LOSSES[name]!();
      const input = problem(loss, subCenters);
      const options: HeadOptions = { subCenters, inspect: true };
      const made = await tfjsBackend({ backend });
      let { state } = referenceStep(loss, input, options);
      for (const mode of ['train', 'eval'] as const) {
        const expected = referenceStep(loss, { ...input, state, mode }, options);
        for (const tileSize of [1, 4, 100]) {
          const head = await made.createHead(loss, { ...options, tileSize });
          expectAlike(await head.step({ ...input, state, mode }), expected);
        }
        state = expected.state;
      }
    },
  );

  test('no tensor is left', async () => {
    const made = await tfjsBackend({ backend });
    for (const create of Object.values(LOSSES)) {
      const head = await made.createHead(create(), { subCenters: 2, tileSize: 4 });
      const { numTensors } = tf.memory();
      await head.step(problem(head.loss, 2));
      expect(tf.memory().numTensors).toBe(numTensors);
    }
  });

  test('the gradient goes to the first of equal sub-centers, and to no other', async () => {
    const head = await (await tfjsBackend({ backend })).createHead(arcFace({ scale: 16 }), { subCenters: 2 });
    const { gradWeights } = await head.step({
      embeddings: Float32Array.of(1, 0.5, -1, 0.25),
      weights: Float32Array.of(1, 1, 2, 2, 0, 1, 0, 1),
      labels: [0, 1],
      dim: 2,
    });
    const moved = [0, 1, 2, 3].map((row) =>
      gradWeights.subarray(2 * row, 2 * row + 2).some((value) => value !== 0),
    );
    expect(moved).toEqual([true, false, true, false]);
  });
});

test('a binary objective sees every class once, though nothing is kept', async () => {
  const loss = sphereFace2();
  let tiles = 0;
  const counted: MarginLoss = {
    ...loss,
    negative: (ops, ...rest) => {
      tiles++;
      return loss.negative(ops, ...rest);
    },
  };
  const head = await (await tfjsBackend()).createHead(counted, { tileSize: 1 });
  await head.step(problem(loss, 1));
  expect(tiles).toBe(C);
});

test('a table of another length names the loss and the classes', async () => {
  const head = await (await tfjsBackend()).createHead(cosFace({ margin: [0.1, 0.2] }));
  const input = problem(head.loss, 1);
  await expect(head.step(input)).rejects.toMatchObject({
    code: 'E_SHAPE',
    given: 'margin of length 2 in cosface',
    expected: '[11], one entry a class',
  });
  expect(() => referenceStep(head.loss, input)).toThrow(
    expect.objectContaining({
      given: 'margin of length 2 in cosface',
      expected: '[11], one entry a class',
    }) as never,
  );
});

test.each([0, 1.5, -1, Number.NaN])('subCenters = %d', async (subCenters) => {
  const backend = await tfjsBackend();
  await expect(backend.createHead(arcFace(), { subCenters })).rejects.toMatchObject({
    code: 'E_OPTION_RANGE',
    option: 'subCenters',
  });
});

test.each([{ firstClass: 3 }, { communicator: {} as never }])(
  'classes on other shards: %j',
  async (options) => {
    const backend = await tfjsBackend();
    const [option] = Object.keys(options);
    await expect(backend.createHead(arcFace(), options)).rejects.toMatchObject({
      code: 'E_BACKEND',
      given: `a ${option} for a head of 'tfjs-cpu'`,
    });
  },
);

test('weights of no whole number of classes', async () => {
  const head = await (await tfjsBackend()).createHead(arcFace(), { subCenters: 3 });
  await expect(head.step(problem(head.loss, 1))).rejects.toMatchObject({ code: 'E_SHAPE' });
});
