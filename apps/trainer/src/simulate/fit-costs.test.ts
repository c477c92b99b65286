import { expect, test } from 'vitest';
import { uniform } from '../bench/uniform.ts';
import { fitCollectives, fitSteps, type MeasuredCollective, type MeasuredStep } from './fit-costs.ts';
import {
  allGatherSeconds,
  allReduceSeconds,
  headSeconds,
  type LinkCosts,
  type StepCosts,
} from './step-costs.ts';

const LINK: LinkCosts = { latency: 2e-5, perReducedByte: 1.5e-9, perGatheredByte: 4e-10 };
const STEP: StepCosts = {
  fixed: 1e-3,
  perEmbedding: 5e-8,
  perCenter: 3e-9,
  perProduct: 6e-11,
  perGathered: 2e-9,
};

/** As a clock has it: off by some percent. */
function noisy(share: number): (value: number) => number {
  const draw = uniform(5);
  return (value) => value * (1 + share * (2 * draw() - 1));
}

function collectives(noise: (value: number) => number): readonly MeasuredCollective[] {
  return [2, 3].flatMap((ranks) =>
    [8, 1e4, 1e6, 1e8].flatMap((bytes) => {
      const shared = ranks / 2;
      const common = { ranks, bytes, shared };
      return [
        { ...common, operation: 'all-reduce', seconds: noise(allReduceSeconds(bytes, ranks, LINK, shared)) },
        { ...common, operation: 'all-gather', seconds: noise(allGatherSeconds(bytes, ranks, LINK, shared)) },
      ] as const;
    }),
  );
}

function steps(noise: (value: number) => number): readonly MeasuredStep[] {
  const dim = 512;
  const works = [64, 256].flatMap((samples) =>
    [1000, 10_000, 100_000].flatMap((centers) =>
      [0, centers].map((gathered) => ({ samples, centers, gathered })),
    ),
  );
  return works.map((work) => ({ ...work, dim, seconds: noise(headSeconds(work, dim, STEP)) }));
}

test.each([
  [0, 1e-6],
  [0.02, 0.05],
])('α and β are found again where clocks are off by %d', (off, tolerance) => {
  const found = fitCollectives(collectives(noisy(off)));
  for (const name of Object.keys(LINK) as (keyof LinkCosts)[])
    expect(Math.abs(found[name] / LINK[name] - 1)).toBeLessThan(tolerance);
});

test.each([
  [0, 1e-6],
  [0.01, 0.3],
])('what a step costs is found again where clocks are off by %d', (off, tolerance) => {
  const found = fitSteps(steps(noisy(off)));
  for (const name of Object.keys(STEP) as (keyof StepCosts)[])
    expect(Math.abs(found[name] / STEP[name] - 1)).toBeLessThan(tolerance);
});

test('too few measurements are refused', () => {
  expect(() => fitSteps(steps((value) => value).slice(0, 2))).toThrow(/2 measurements do not determine/);
});
