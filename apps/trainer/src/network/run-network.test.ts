import { createLoss, LOSS_NAMES, NonFiniteError, referenceBackend } from '@cf/core';
import { describe, expect, it, vi } from 'vitest';
import type { TrainFlags } from '../settings/fields.ts';
import { failureOf, linearNetwork, networkConfigWith, patternData, withoutProgress } from '../testing.ts';
import { startProgress } from '../ui/progress.ts';
import { firstNetworkState, type NetworkMetrics, type NetworkState } from './network-state.ts';
import { runNetwork, withShuffledLabels } from './run-network.ts';

vi.mock('../ui/progress.ts', { spy: true });
withoutProgress();

const SIDE = 4;
const DIM = 6;
const data = patternData(5, 8, SIDE);
const FLAGS = { augmentShift: 1, lr: 0.1, warmupSteps: 2, epochs: 3, batch: 8 } as const;

interface Ran {
  readonly end: NetworkState;
  readonly metrics: readonly NetworkMetrics[];
  readonly weight: Float32Array;
}

async function run(
  flags: Partial<TrainFlags> = {},
  changes: { network?: Partial<ReturnType<typeof linearNetwork>>; data?: typeof data } = {},
): Promise<Ran> {
  const config = networkConfigWith({ ...FLAGS, ...flags });
  const network = { ...linearNetwork(SIDE * SIDE, DIM), ...changes.network };
  const metrics: NetworkMetrics[] = [];
  const first = firstNetworkState(createLoss(config.loss.name, config.loss.params), 5, DIM, config.seed);
  const end = await runNetwork(config, network, changes.data ?? data, referenceBackend(), first, {
    label: 'test',
    signal: new AbortController().signal,
    onStep: (m) => metrics.push(m),
  });
  return { end, metrics, weight: network.weight };
}

const meanLoss = (metrics: readonly NetworkMetrics[], epoch: number): number => {
  const losses = metrics.filter((m) => m.epoch === epoch).map(({ loss }) => loss);
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
};

describe('runNetwork', () => {
  // A self-paced loss may find every sample too hard at first, and then moves nothing.
  it.each(LOSS_NAMES.filter((name) => name !== 'self-paced'))(
    'trains network and class centers with %s',
    async (loss) => {
      const { end, metrics, weight } = await run({ loss, epochs: 1, lr: 0.01 });
      expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5]);
      for (const record of metrics) {
        expect(record.gradientNorm).toBeGreaterThan(0);
        expect(record.imagesPerSecond).toBeGreaterThan(0);
        expect(Number.isFinite(record.loss)).toBe(true);
      }
      expect(weight).not.toEqual(linearNetwork(SIDE * SIDE, DIM).weight);
      expect(end.centers).not.toEqual(firstNetworkState(createLoss(loss), 5, DIM, 0).centers);
      expect(end.classBias?.some((b) => b !== 0) ?? false).toBe(createLoss(loss).bias);
    },
  );

  it('learns what can be learned, and not what can not', async () => {
    const flags = { epochs: 20, scale: 16, margin: 0.2, lr: 0.03, augmentFlip: false, augmentShift: 0 };
    const { metrics } = await run(flags);
    expect(meanLoss(metrics, 20)).toBeLessThan(0.4 * meanLoss(metrics, 1));
    const shuffled = await run(flags, { data: withShuffledLabels(data, 0) });
    expect(meanLoss(shuffled.metrics, 20)).toBeGreaterThan(1.5 * meanLoss(metrics, 20));
  });

  it('starts no progress line that nothing would end where the head can not be made', async () => {
    const config = networkConfigWith(FLAGS);
    const network = linearNetwork(SIDE * SIDE, DIM);
    const createHead = (): Promise<never> => Promise.reject(new Error('no memory'));
    vi.mocked(startProgress).mockClear();
    const hooks = { label: 'test', signal: new AbortController().signal };
    const first = firstNetworkState(createLoss(config.loss.name, config.loss.params), 5, DIM, config.seed);
    const backend = { ...referenceBackend(), createHead };
    const error = await failureOf(() => runNetwork(config, network, data, backend, first, hooks));
    expect(error.message).toBe('no memory');
    expect(startProgress).not.toHaveBeenCalled();
  });

  it('gives the same bits again, and others with another seed or augmentation', async () => {
    const a = await run();
    expect((await run()).weight).toEqual(a.weight);
    expect((await run({ seed: 1 })).weight).not.toEqual(a.weight);
    expect((await run({ augmentShift: 0 })).weight).not.toEqual(a.weight);
    expect((await run({ augmentFlip: false })).weight).not.toEqual(a.weight);
  });

  it('averages micro-batches: for a loss without state, two halves are the whole', async () => {
    const flags = { loss: 'arcface', epochs: 2 };
    const whole = await run({ ...flags, batch: 20 });
    const halves = await run({ ...flags, batch: 10, accumulate: 2 });
    expect(halves.metrics).toHaveLength(whole.metrics.length);
    for (const [i, { loss }] of whole.metrics.entries()) expect(halves.metrics[i]!.loss).toBeCloseTo(loss, 4);
    for (const [i, value] of whole.weight.entries()) expect(halves.weight[i]).toBeCloseTo(value, 4);
    for (const [i, value] of whole.end.centers.entries()) expect(halves.end.centers[i]).toBeCloseTo(value, 5);
  });

  it('stops where a number is not finite, with step and learning rate', async () => {
    let calls = 0;
    const update = async (): Promise<{ gradientNorm: number }> => {
      if (++calls === 3) throw new NonFiniteError('gradient of fc.weight', 7, Number.NaN);
      return { gradientNorm: 1 };
    };
    const error = await failureOf(() => run({}, { network: { update } }));
    expect(error).toMatchObject({ code: 'E_DIVERGED' });
    expect(error.message).toMatch(
      /gradient of fc\.weight\[7\] = NaN at step 3 \(learning rate 0\.1\).*\n.*--lr/s,
    );
    expect((await failureOf(() => run({ lr: 1e30 }))).code).toBe('E_DIVERGED');
  });
});
