import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findMpirun } from '../bench/ranks/run-ranks.ts';
import { formatSimulation } from './format-simulation.ts';
import { gridOf, type Simulation, type SimulationMeans, simulate } from './simulate.ts';
import type { SimulationPlan } from './simulation-plan.ts';
import type { Costs } from './step-costs.ts';

const PLAN: SimulationPlan = {
  ...{ ids: [1e5, 1e6], workers: [1, 8], dim: 16, batch: 4, sampleRate: 0.1, threads: 1 },
  ...{ kernels: 'onnxruntime', backbone: 'tiny-iresnet', backboneRate: 100, backboneParameters: 1e6 },
  ...{ checkClasses: 2000, rounds: 2 },
};
const CLI = join(import.meta.dirname, '..', 'cli.ts');
const told: string[] = [];
const MEANS: SimulationMeans = {
  ranks: [CLI, 'bench', 'ranks-task'],
  backbone: [CLI, 'bench', 'backbone-task'],
  say: (line) => void told.push(line),
};
const FLAGS = { latency: 10, bandwidth: 10 };

const COSTS: Costs = {
  step: { fixed: 1e-3, perEmbedding: 5e-8, perCenter: 3e-9, perProduct: 6e-11, perGathered: 2e-9 },
  link: { latency: 2e-5, perReducedByte: 1.5e-9, perGatheredByte: 0 },
  backbone: { imagesPerSecond: 100, parameters: 1e6 },
};
const SIMULATION: Simulation = {
  ...PLAN,
  cores: 2,
  costs: COSTS,
  ownLink: COSTS.link,
  collectives: [],
  steps: [],
  checks: [
    { strategy: 'sharded', workers: 2, measuredSeconds: 0.1, modelSeconds: 0.11, error: 0.1 },
    { strategy: 'sampled', workers: 3, measuredSeconds: 0.2, modelSeconds: 0.16, error: -0.2 },
  ],
  notes: ['something was left out'],
  grid: gridOf({ ...PLAN, dim: 512, batch: 64, ids: [1e5, 5.5e6] }, COSTS),
};

describe('a simulation as text', () => {
  const text = formatSimulation(SIMULATION);

  test('says what it was fitted to, and how far it is off', () => {
    expect(text).toMatch(/products +100 GFLOP\/s/);
    expect(text).toMatch(
      /20\.0 µs a call .*all-reduce 0\.67 GB\/s, all-gather too fast to tell, between processes/,
    );
    expect(text).toMatch(/^ +2 +sharded +100\.0 ms +110\.0 ms +\+10 %$/m);
    expect(text).toMatch(/^ +3 +3 on 2 +sharded \+ sampled +200\.0 ms +160\.0 ms +−20 %$/m);
    expect(text).toMatch(/mean error 15 %/);
  });

  test('has every place of the grid', () => {
    // One worker: 0.64 s of network, 100,000 × 512 numbers of W at 3 ns and 64 × 60 ps.
    const seconds = 0.64 + 1e-3 + 5e-8 * 64 * 512 + (3e-9 + 64 * 6e-11) * 512e5;
    const images = (64 / seconds).toFixed(0);
    expect(text).toMatch(new RegExp(`^ +100 k +1 +${images} +0\\.63 GB +0 %`, 'm'));
    expect(text).toMatch(/^ +5\.5 M +8 /m);
  });

  test("has InsightFace's table as theirs, and what was left out", () => {
    expect(text).toMatch(/as InsightFace publishes it.*8 × V100.*another machine/);
    expect(text).toMatch(/^ +125 k +4,681 +4,824 +5,004$/m);
    expect(text).toMatch(/^ +29 M +– +– +1,855$/m);
    expect(text).toMatch(/note: something was left out$/);
  });

  test('says where a network is described by flags', () => {
    const flags = formatSimulation({ ...SIMULATION, ...FLAGS });
    expect(flags).toMatch(/link .*, as flags say\n +this machine +20\.0 µs/);
  });
});

describe('without mpirun', () => {
  const alone = { ...MEANS, path: '/no/such' };

  test('flags describe the network, and a note says what was not measured', async () => {
    const { costs, ownLink, notes, checks, collectives } = await simulate({ ...PLAN, ...FLAGS }, alone);
    expect(costs.link).toEqual({ latency: 1e-5, perReducedByte: 2e-10, perGatheredByte: 1e-10 });
    expect([ownLink, collectives]).toEqual([null, []]);
    expect(notes).toEqual([
      expect.stringMatching(/not measured, no mpirun here \('apt install openmpi-bin'/),
    ]);
    expect(told).toContain(notes[0]);
    expect(checks.map(({ strategy, workers }) => [strategy, workers])).toEqual([
      ['data-parallel', 1],
      ['sharded', 1],
      ['sampled', 1],
    ]);
  });

  test('and without flags the package is named', async () => {
    await expect(simulate(PLAN, alone)).rejects.toThrow(
      /cf simulate without mpirun.*apt install openmpi-bin.*or say --latency and --bandwidth/s,
    );
  });
});

test.each<[Partial<SimulationPlan>, RegExp]>([
  [{ latency: 10 }, /--latency without --bandwidth/],
  [{ bandwidth: 10 }, /--bandwidth without --latency/],
  [{ latency: 0, bandwidth: 1 }, /^latency = 0/],
  [{ sampleRate: 0 }, /^sampleRate = 0/],
  [{ sampleRate: 1.5 }, /^sampleRate = 1.5/],
  [{ backboneRate: -1 }, /^backboneRate = -1/],
  [{ checkClasses: 9 }, /^checkClasses = 9/],
  [{ batch: 0.5 }, /^batch = 0.5/],
  [{ backbone: 'iresnet19' as never }, /^backbone = "iresnet19"/],
])('%j is refused', async (changes, message) => {
  await expect(simulate({ ...PLAN, ...changes }, MEANS)).rejects.toThrow(message);
});

test.skipIf(findMpirun() === undefined)(
  'is fitted to processes here and checked with 1, 2 and 3 of them (needs openmpi-bin)',
  async () => {
    const { costs, ownLink, checks, grid, notes } = await simulate(PLAN, MEANS);
    expect(notes).toEqual([]);
    expect(costs.link).toBe(ownLink);
    expect(ownLink!.latency + ownLink!.perReducedByte).toBeGreaterThan(0);
    expect(Object.values(costs.step).some((cost) => cost > 0)).toBe(true);
    expect(checks.map(({ workers }) => workers)).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3]);
    for (const { measuredSeconds, modelSeconds, error } of checks) {
      expect(measuredSeconds).toBeGreaterThan(0);
      expect(error).toBeCloseTo(modelSeconds / measuredSeconds - 1, 9);
    }
    expect(grid).toHaveLength(4);
  },
);
