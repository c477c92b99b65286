import {
  createLoss,
  type HeadInput,
  type HeadOptions,
  type HeadOutput,
  type MarginLoss,
  ohem,
  smoothed,
} from '@cf/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ClassTiles } from './class-tiles.ts';
import { gpujsBackend } from './gpujs-backend.ts';
import { KernelSet } from './kernels/kernel-set.ts';
import { randomProblem } from './testing/random-problem.ts';

afterEach(() => vi.restoreAllMocks());

/** Results that were made and not freed, in a mode whose results have a memory of their own. */
interface Device {
  live: number;
  runs: number;
}

/** Lets mode `cpu` pass for such a mode; the run at `failing` fails. */
function watchDevice(failing: number): Device {
  const device: Device = { live: 0, runs: 0 };
  const { run } = KernelSet.prototype;
  vi.spyOn(KernelSet.prototype, 'onDevice', 'get').mockReturnValue(true);
  vi.spyOn(KernelSet.prototype, 'run').mockImplementation(async function (this: KernelSet, ...args) {
    if (device.runs++ === failing) throw new Error('device lost');
    const value = await run.apply(this, args);
    let freed = false;
    const free = (): void => {
      expect(freed).toBe(false);
      freed = true;
      device.live--;
    };
    device.live++;
    return Object.defineProperty(value, 'delete', { value: free });
  });
  return device;
}

async function stepOf(loss: MarginLoss, input: HeadInput, options: HeadOptions = {}): Promise<HeadOutput> {
  const backend = await gpujsBackend();
  try {
    const head = await backend.createHead(loss, { tileSize: 4, inspect: true, ...options });
    return await head.step(input);
  } finally {
    await backend.dispose();
  }
}

test.each([
  ['magface', 1],
  ['softmax', 1],
  ['arcface', 3],
] as const)('%s: tiles that are computed again change nothing, K = %d', async (name, subCenters) => {
  const loss = createLoss(name);
  const input = randomProblem(loss, 1, 3, 10, 4, subCenters);
  const kept = await stepOf(loss, input, { subCenters });
  const { open } = ClassTiles;
  const opened = vi
    .spyOn(ClassTiles, 'open')
    .mockImplementation((tiles) => open({ ...tiles, keptNumbers: 0 }));
  expect(await stepOf(loss, input, { subCenters })).toEqual(kept);
  expect(opened).toHaveBeenCalledOnce();
});

describe('what a step made on the device is freed once', () => {
  const losses = ['softmax', 'magface', 'adacos', 'uniface'].map((name) => createLoss(name));
  losses.push(ohem(createLoss('arcface')), ohem(createLoss('uniface')), smoothed(createLoss('npcface'), 0.1));
  const cases = losses.map((loss) => [loss.name, 1, loss] as const);
  test.each([...cases, ['arcface', 2, createLoss('arcface')] as const])(
    '%s, K = %d: at the end, and wherever it fails',
    async (_, subCenters, loss) => {
      const input = randomProblem(loss, 1, 3, 10, 4, subCenters);
      const whole = watchDevice(-1);
      await stepOf(loss, input, { subCenters });
      expect(whole.live).toBe(0);
      expect(whole.runs).toBeGreaterThan(20);
      vi.restoreAllMocks();
      for (let failing = 0; failing < whole.runs; failing++) {
        const device = watchDevice(failing);
        await expect(stepOf(loss, input, { subCenters })).rejects.toThrow('device lost');
        expect(device.live, `run ${failing} failed`).toBe(0);
        vi.restoreAllMocks();
      }
    },
  );

  test('sums of exponentials that are not finite', async () => {
    const loss = createLoss('softmax', { bias: false });
    const device = watchDevice(-1);
    const input = {
      embeddings: Float64Array.of(1e30, 1),
      weights: Float64Array.of(1e30, 1, 1, 2, -1, 3, 1e30, 1, 2, 2),
      labels: [1],
      dim: 2,
    };
    await expect(stepOf(loss, input)).rejects.toMatchObject({ code: 'E_NON_FINITE' });
    expect(device.live).toBe(0);
  });
});

describe('what a step runs', () => {
  /** Names of the kernels of one step over three tiles, with how often each ran. */
  async function ran(loss: MarginLoss): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    const { run } = KernelSet.prototype;
    vi.spyOn(KernelSet.prototype, 'run').mockImplementation(function (this: KernelSet, ...args) {
      counts[args[0].name] = (counts[args[0].name] ?? 0) + 1;
      return run.apply(this, args);
    });
    await stepOf(loss, randomProblem(loss, 1, 3, 10, 4), { inspect: false });
    return counts;
  }

  const gradients = { slopes: 3, transpose: 6, embeddings: 3, classAlong: 3, weights: 3 };

  test('a binary objective: every tile once, and no exponentials', async () => {
    const opened = vi.spyOn(ClassTiles, 'open');
    expect(await ran(createLoss('sphereface2'))).toEqual({
      cosines: 3,
      'sum of loss': 3,
      hardNegatives: 3,
      bias: 3,
      ...gradients,
    });
    // None is kept for a pass that will not come.
    expect(opened.mock.calls[0]![0].keptNumbers).toBe(0);
  });

  test('one whose weighting reads the losses: the gradients come in a second pass', async () => {
    expect(await ran(ohem(createLoss('uniface')))).toEqual({
      cosines: 3,
      'sum of loss': 6,
      hardNegatives: 6,
      bias: 3,
      ...gradients,
    });
  });

  test('a survey: the exponentials alone, and no gradient', async () => {
    expect(await ran(createLoss('adacos'))).toEqual({
      upload: 1,
      cosines: 6,
      largest: 6,
      sums: 6,
      merge: 3,
      factors: 1,
      hardNegatives: 3,
      ...gradients,
    });
  });
});
