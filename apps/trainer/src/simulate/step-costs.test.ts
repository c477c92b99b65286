import { createLoss, InProcessRanks, referenceBackend } from '@cf/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timedCommunicator } from '../bench/ranks/timed-communicator.ts';
import { uniform, uniformFloats } from '../bench/uniform.ts';
import {
  allGatherSeconds,
  allReduceSeconds,
  type Costs,
  MEETINGS,
  NUMBERS_OF_SAMPLE,
  type Setting,
  STRATEGIES,
  simulateStep,
  workerBytes,
  workOf,
} from './step-costs.ts';

const COSTS: Costs = {
  step: { fixed: 1e-3, perEmbedding: 5e-8, perCenter: 3e-9, perProduct: 6e-11, perGathered: 2e-9 },
  link: { latency: 2e-5, perReducedByte: 1.5e-9, perGatheredByte: 4e-10 },
  backbone: { imagesPerSecond: 100, parameters: 1e6 },
};
const SETTING: Setting = { ids: 1e6, workers: 8, dim: 512, batch: 64, sampleRate: 0.1 };

test('collectives take α for each call and doubling of ranks, and β for each byte', () => {
  const link = { latency: 1, perReducedByte: 10, perGatheredByte: 100 };
  expect(allReduceSeconds(3, 2, link)).toBe(2 + 30);
  expect(allReduceSeconds(3, 1024, link)).toBe(20 + 30);
  expect(allReduceSeconds(0, 3, link, 1.5)).toBe(1.5 * 4);
  expect(allGatherSeconds(3, 2, link)).toBe(2 + 300);
  expect(allGatherSeconds(3, 5, link)).toBe(6 + 1200);
  expect([allReduceSeconds(3, 1, link), allGatherSeconds(3, 1, link)]).toEqual([0, 0]);
});

describe('a worker', () => {
  test('multiplies its batch with all classes, or that of all with its part', () => {
    expect(workOf('data-parallel', SETTING)).toEqual({ samples: 64, centers: 1e6, gathered: 0 });
    expect(workOf('sharded', SETTING)).toEqual({ samples: 512, centers: 125_000, gathered: 0 });
    expect(workOf('sampled', SETTING)).toEqual({ samples: 512, centers: 12_500, gathered: 12_500 });
  });

  test('sees all positives, however few are drawn', () => {
    const { centers } = workOf('sampled', { ...SETTING, sampleRate: 1e-6 });
    // Of 512 samples of a million classes hardly two are of one.
    expect(8 * centers).toBeGreaterThan(511);
    expect(8 * centers).toBeLessThan(512);
    const few = workOf('sampled', { ...SETTING, ids: 100, sampleRate: 0.01 });
    expect(8 * few.centers).toBeGreaterThan(99);
    expect(8 * few.centers).toBeLessThanOrEqual(100);
  });

  test('holds W, momentum and gradient of its classes', () => {
    const matrix = 4 * 1e6 * 512;
    const batch = 16 * 512;
    expect(workerBytes('data-parallel', SETTING, 0)).toBe(3 * matrix + 64 * batch);
    expect(workerBytes('sharded', SETTING, 0)).toBe((3 * matrix) / 8 + 512 * batch);
    expect(workerBytes('sampled', SETTING, 0)).toBeCloseTo((2.2 * matrix) / 8 + 512 * batch, 0);
    expect(workerBytes('sharded', SETTING, 1e6) - workerBytes('sharded', SETTING, 0)).toBe(12e6);
  });
});

describe('a step', () => {
  test('is network, head and collectives', () => {
    const { seconds, communicationSeconds, imagesPerSecond, communicationShare } = simulateStep(
      'sharded',
      SETTING,
      COSTS,
    );
    const [x, w] = [512 * 512, 125_000 * 512];
    const head = 1e-3 + 5e-8 * x + 3e-9 * w + 6e-11 * 512 * w;
    const calls = 2 * 2e-5 * 3;
    const gather = calls + 4e-10 * 7 * 4 * 64 * 512;
    const sums = 5 * calls + 1.5e-9 * 8 * 512 * (512 + 6);
    const network = calls + 1.5e-9 * 4e6;
    expect(communicationSeconds).toBeCloseTo(gather + sums + network, 12);
    expect(seconds).toBeCloseTo(0.64 + head + gather + sums + network, 12);
    expect(imagesPerSecond).toBeCloseTo(512 / seconds, 9);
    expect(communicationShare).toBeCloseTo(communicationSeconds / seconds, 12);
  });

  test('of data-parallel workers sends the gradient of all class centers', () => {
    const { communicationSeconds } = simulateStep('data-parallel', SETTING, COSTS);
    expect(communicationSeconds).toBeCloseTo(4 * 2e-5 * 3 + 1.5e-9 * (4 * 1e6 * 512 + 4e6), 9);
  });

  test('of one worker is the same however it is spread, and sends nothing', () => {
    const one = { ...SETTING, workers: 1 };
    const [whole, sharded] = STRATEGIES.map((strategy) => simulateStep(strategy, one, COSTS));
    expect(sharded).toEqual(whole);
    expect(sharded!.communicationShare).toBe(0);
  });

  test('takes as many times as long as processes share a core', () => {
    const alone = simulateStep('sharded', SETTING, COSTS).seconds;
    expect(simulateStep('sharded', { ...SETTING, shared: 1.5 }, COSTS).seconds).toBeCloseTo(1.5 * alone, 9);
  });

  test('takes no less, and holds no less, with more classes', () => {
    const setting = fc.record({
      ids: fc.integer({ min: 1000, max: 1e8 }),
      workers: fc.integer({ min: 1, max: 1024 }),
      dim: fc.integer({ min: 8, max: 1024 }),
      batch: fc.integer({ min: 1, max: 512 }),
      sampleRate: fc.double({ min: 0.01, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(setting, fc.constantFrom(...STRATEGIES), (given, strategy) => {
        const step = simulateStep(strategy, given, COSTS);
        const more = simulateStep(strategy, { ...given, ids: 2 * given.ids }, COSTS);
        expect(more.seconds).toBeGreaterThan(step.seconds);
        expect(more.memoryBytes).toBeGreaterThan(step.memoryBytes);
        expect(step.communicationShare).toBeGreaterThanOrEqual(0);
        expect(step.communicationShare).toBeLessThan(1);
      }),
    );
  });
});

test('the shards of a head meet as often, and with as much, as the model has it', async () => {
  const [size, batch, dim, classes] = [2, 6, 8, 10];
  const ranks = new InProcessRanks(size);
  const embeddings = uniformFloats(batch * dim, uniform(1));
  const labels = Int32Array.from({ length: batch }, (_, i) => i);
  const traffic = await Promise.all(
    Array.from({ length: size }, async (_, rank) => {
      const communicator = timedCommunicator(ranks.communicator(rank));
      const firstClass = (rank * classes) / size;
      const head = await referenceBackend().createHead(createLoss('curricularface'), {
        communicator,
        firstClass,
      });
      await head.step({
        embeddings,
        weights: uniformFloats((classes / size) * dim, uniform(2 + rank)),
        labels: labels.map((label) =>
          label >= firstClass && label < firstClass + classes / size ? label - firstClass : -1,
        ),
        dim,
      });
      return communicator.take();
    }),
  );
  for (const { calls, bytes } of traffic) {
    expect(calls).toBe(MEETINGS);
    const numbers = batch * (dim + NUMBERS_OF_SAMPLE);
    expect(bytes / 8 - numbers).toBeGreaterThanOrEqual(0);
    // What a meeting has once, however large the batch.
    expect(bytes / 8 - numbers).toBeLessThan(10);
  }
});
