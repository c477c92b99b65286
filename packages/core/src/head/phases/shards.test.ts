import { describe, expect, test } from 'vitest';
import type { Communicator } from '../../communicator/communicator.ts';
import { ShapeMismatchError } from '../../errors/errors.ts';
import type { LossParameters } from '../../losses/loss-definition.ts';
import type { MarginLoss } from '../../losses/margin-loss.ts';
import { createLoss } from '../../losses/registry.ts';
import { keyedNormal } from '../../random/margin-draws.ts';
import { referenceHeadStep, referenceStep } from '../../reference/reference-step.ts';
import type { HeadInput, HeadOutput } from '../contract.ts';
import { requireClassValues } from './class-values.ts';
import { headStep } from './head-step.ts';
import { NO_TARGET } from './target-points.ts';

const [BATCH, CLASSES, DIM] = [6, 7, 3];
const COUNTS = [3, 8, 1, 100, 20, 5, 2];
const fill = (length: number, seed: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => keyedNormal(seed, 0, i));

interface Meeting {
  readonly values: Float64Array;
  readonly operation: 'sum' | 'max';
}

/** Runs the steps of all shards side by side; where one waits for the others, so do they. */
function together(
  loss: MarginLoss,
  inputs: readonly HeadInput[],
  firstClasses: readonly (number | undefined)[],
  subCenters: number,
): HeadOutput[] {
  const allReduce = ((values: Float64Array, operation: Meeting['operation']) => ({
    values,
    operation,
  })) as unknown as Communicator['allReduce'];
  const communicator = { allReduce } as Communicator;
  const options = { communicator, subCenters, tileSize: 2 };
  const shards = inputs.map((input, k) =>
    headStep(
      referenceHeadStep(loss, input, {
        ...options,
        ...(firstClasses[k] === undefined ? {} : { firstClass: firstClasses[k] }),
      }),
    ),
  );
  const isMeeting = (value: unknown): value is Meeting =>
    typeof value === 'object' && value !== null && 'operation' in value;
  let results = shards.map((shard) => shard.next());
  while (results.some(({ done }) => !done)) {
    // Up to where each stands at a meeting.
    results = results.map((given, k) => {
      let result = given;
      while (!result.done && !isMeeting(result.value)) result = shards[k]!.next(result.value);
      return result;
    });
    const meetings = results.flatMap(({ value }) => (isMeeting(value) ? [value] : []));
    if (meetings.length === 0) break;
    expect(meetings).toHaveLength(shards.length);
    const { operation } = meetings[0]!;
    const all = meetings[0]!.values.map((_, i) => {
      const values = meetings.map((meeting) => meeting.values[i]!);
      return operation === 'sum' ? values.reduce((a, b) => a + b) : Math.max(...values);
    });
    for (const { values } of meetings) values.set(all);
    results = shards.map((shard) => shard.next(undefined));
  }
  return results.map(({ value }) => value as HeadOutput);
}

function problem(loss: MarginLoss, subCenters: number): HeadInput {
  return {
    embeddings: fill(BATCH * DIM, 1),
    weights: fill(CLASSES * subCenters * DIM, 2),
    labels: [0, 3, 6, 2, 5, 3],
    dim: DIM,
    sampleWeights: [1, 0.5, 2, 1, 1, 0],
    ...(loss.bias ? { bias: fill(loss.bias.of === 'all classes' ? 1 : CLASSES, 3) } : {}),
  };
}

/** The part of a shard that has the classes from `start` to `end`. */
function partOf(
  loss: MarginLoss,
  input: HeadInput,
  subCenters: number,
  start: number,
  end: number,
): HeadInput {
  return {
    ...input,
    weights: input.weights.slice(start * subCenters * DIM, end * subCenters * DIM),
    labels: Array.from(input.labels, (label) => (label >= start && label < end ? label - start : NO_TARGET)),
    ...(loss.bias?.of === 'each class' ? { bias: input.bias!.slice(start, end) } : {}),
  };
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual).toHaveLength(expected.length);
  const size = Math.max(1, ...Array.from(expected, Math.abs));
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(1e-12 * size);
  }
}

describe.each<[string, LossParameters, number]>([
  ['sphereface2', {}, 1],
  ['uniface', { scale: 8 }, 2],
  ['bce-face', { scale: 8 }, 1],
  ['focal', { base: { loss: 'sphereface2' } }, 1],
  ['dynamic-arcface', { scale: 8 }, 1],
  ['cosface', { scale: 8, margin: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7] }, 2],
  ['npcface', { scale: 8 }, 1],
  ['npcface', { scale: 8, labelSmoothing: 0.2 }, 3],
  ['adacos', {}, 1],
  ['adacos', { labelSmoothing: 0.1 }, 2],
  ['softmax', {}, 2],
])('shards are one head: %s %j, %d sub-centers', (name, parameters, subCenters) => {
  const loss = createLoss(name, parameters, { classCounts: COUNTS });
  const input = problem(loss, subCenters);
  const whole = referenceStep(loss, input, { subCenters });

  // One of them has no class at all.
  test.each([[[7]], [[3, 7]], [[2, 2, 5, 7]], [[0, 7]]])('of the classes up to %j', (ends) => {
    const inputs = ends.map((end, k) => partOf(loss, input, subCenters, ends[k - 1] ?? 0, end));
    const starts = ends.map((_, k) => ends[k - 1] ?? 0);
    const outputs = together(loss, inputs, starts, subCenters);
    for (const output of outputs) {
      expectClose([output.loss], [whole.loss]);
      expectClose(output.losses, whole.losses);
      expectClose(output.gradEmbeddings, whole.gradEmbeddings);
      expect(Object.keys(output.state.values)).toEqual(Object.keys(whole.state.values));
      expectClose(Object.values(output.state.values), Object.values(whole.state.values));
      expect(output.state).toEqual(outputs[0]!.state);
      // Of a bias that all share every shard has the whole gradient.
      if (loss.bias?.of === 'all classes') expectClose(output.gradBias!, whole.gradBias!);
      expect(output.diagnostics.hardShare).toBe(whole.diagnostics.hardShare);
    }
    expectClose(
      outputs.flatMap(({ gradWeights }) => Array.from(gradWeights)),
      whole.gradWeights,
    );
    if (loss.bias?.of === 'each class') {
      expectClose(
        outputs.flatMap(({ gradBias }) => Array.from(gradBias!)),
        whole.gradBias!,
      );
    }
  });
});

describe('class values', () => {
  const table = { name: 'own', classValues: { margin: [10, 11, 12, 13, 14] } };

  test('are one a class of all shards', () => {
    expect(() => requireClassValues(table, 5)).not.toThrow();
    expect(() => requireClassValues(table, 4)).toThrow(ShapeMismatchError);
    expect(() => requireClassValues(table, 4)).toThrow(
      'margin of length 5 in own, expected [4], one entry a class',
    );
  });

  test('of shards need to be told which they are', () => {
    const loss = createLoss('dynamic-arcface', {}, { classCounts: COUNTS });
    const input = problem(loss, 1);
    const halves = [partOf(loss, input, 1, 0, 4), partOf(loss, input, 1, 4, 7)];
    expect(() => together(loss, halves, [undefined, undefined], 1)).toThrow(
      /^firstClass = undefined, expected that of this shard among all classes/,
    );
    expect(() => together(loss, halves, [0, 5], 1)).toThrow(
      /^firstClass = 5, expected firstClass ≤ 4 for 3 of 7 classes/,
    );
    const plain = createLoss('arcface');
    expect(() => together(plain, halves, [undefined, undefined], 1)).toThrow(/^firstClass = undefined/);
    expect(() => referenceStep(plain, input, { firstClass: 1 })).toThrow(/^firstClass = 1, .*≤ 0/);
  });

  test.each([-1, 0.5])('firstClass = %d is refused', (firstClass) => {
    const loss = createLoss('arcface');
    expect(() => referenceStep(loss, problem(loss, 1), { firstClass })).toThrow(/^firstClass = /);
  });
});
