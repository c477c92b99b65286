import { createLoss, type HeadInput, type HeadOutput, type MarginLoss, ohem } from '@cf/core';
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

async function stepOf(loss: MarginLoss, input: HeadInput): Promise<HeadOutput> {
  const backend = await gpujsBackend();
  try {
    const head = await backend.createHead(loss, { tileSize: 4, inspect: true });
    return await head.step(input);
  } finally {
    await backend.dispose();
  }
}

test.each(['magface', 'softmax'])('%s: tiles that are computed again change nothing', async (name) => {
  const loss = createLoss(name);
  const input = randomProblem(loss, 1, 3, 10, 4);
  const kept = await stepOf(loss, input);
  const { open } = ClassTiles;
  const opened = vi
    .spyOn(ClassTiles, 'open')
    .mockImplementation((tiles) => open({ ...tiles, keptNumbers: 0 }));
  expect(await stepOf(loss, input)).toEqual(kept);
  expect(opened).toHaveBeenCalledOnce();
});

describe('what a step made on the device is freed once', () => {
  const losses = ['softmax', 'magface'].map((name) => createLoss(name));
  losses.push(ohem(createLoss('arcface')));
  test.each(losses.map((loss) => [loss.name, loss] as const))(
    '%s: at the end, and wherever it fails',
    async (_, loss) => {
      const input = randomProblem(loss, 1, 3, 10, 4);
      const whole = watchDevice(-1);
      await stepOf(loss, input);
      expect(whole.live).toBe(0);
      expect(whole.runs).toBeGreaterThan(20);
      vi.restoreAllMocks();
      for (let failing = 0; failing < whole.runs; failing++) {
        const device = watchDevice(failing);
        await expect(stepOf(loss, input)).rejects.toThrow('device lost');
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
