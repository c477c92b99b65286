import { expect, test } from 'vitest';
import { benchScaling } from './bench-scaling.ts';
import { deviations, deviationText } from './deviations.ts';
import type { ScalingPlan } from './scaling-points.ts';
import type { MeasuredPoint } from './scaling-report.ts';
import { scalingPicture, scalingText } from './scaling-text.ts';

const PLAN: ScalingPlan = {
  model: 'tiny-iresnet',
  kernels: 'auto',
  threads: [1, 2],
  batches: [4, 1, 2],
  sides: [32, 64],
  sideBatch: 2,
  classes: [100, 1000],
  headBatch: 8,
  headBatches: [8],
  headClasses: 1000,
  dim: 16,
};

/** Prints what a measurement would: a step takes time as its batch, side and classes say, and a fixed cost. */
const FAKE = `
  const task = JSON.parse(require('node:fs').readFileSync(0));
  const { batch, threads, side = 56, classes = 1e4, runs } = task;
  if (side === 64 && threads === 2) process.exit(3);
  const seconds = (batch * (side / 56) ** 2 * classes / 1e6 + 0.03) / threads;
  console.log(JSON.stringify({ imagesPerSecond: batch / seconds, cpuSeconds: seconds, medianSeconds: seconds, peakExtraMiB: runs ?? null }));`;
const measure = { backbone: ['-e', FAKE], head: ['-e', FAKE] };

test('every point is measured, in rising order, and told; what fails is skipped with its reason', async () => {
  const told: string[] = [];
  const onPoint = (done: number, total: number, line: string): void =>
    void told.push(`${done}/${total} ${line}`);
  const report = await benchScaling(PLAN, { secondsPerPoint: 1000, measure, onPoint });
  expect(told).toHaveLength(16);
  expect(told[1]).toMatch(/^2\/16 batch 2, 1 thread: 40\.0 a second$/);
  expect(report.points.slice(0, 3).map(({ axis, x, threads }) => [axis, x, threads])).toEqual([
    ['batch', 2, 1],
    ['batch', 4, 1],
    ['side', 32, 1],
  ]);
  const reason = 'a normalisation over the batch needs 2 pictures';
  expect(report.skipped).toEqual([
    { axis: 'batch', x: 1, threads: 1, reason },
    { axis: 'batch', x: 1, threads: 2, reason },
    { axis: 'side', x: 64, threads: 2, reason: expect.stringContaining('ended with 3') },
  ]);
  // 0.05 s of two pictures and 0.07 of four: an operation takes 1.43 times as long at two.
  expect(report.deviations[0]).toMatchObject({ axis: 'batch', x: 2, kind: 'fixed cost', beside: 4 });
  expect(report.deviations[0]!.ratio).toBeCloseTo(0.05 / (0.07 / 2), 5);
  const text = scalingText(report);
  expect(text).toMatch(/tiny-iresnet: training against the batch\n +threads +batch/);
  expect(text).toMatch(/not measured:\n {2}batch 1, threads 1: [\s\S]*side 64, threads 2: .*ended with 3/);
  const svg = await scalingPicture(report);
  expect(svg.match(/<svg/g)).toHaveLength(5);
  expect(svg).toContain('2 threads, ideal');
});

test('what would take longer than a point may is not begun', async () => {
  const report = await benchScaling(PLAN, { secondsPerPoint: 1e-9, measure });
  expect(report.points).toEqual([]);
  expect(report.skipped).toHaveLength(16);
  expect(report.skipped[1]!.reason).toMatch(/a step would take about/);
  expect(scalingText(report)).toMatch(/^time grows as the work does\n\nnot measured:/);
});

const point = (x: number, threads: number, gflopPerSecond: number): MeasuredPoint => ({
  axis: 'batch',
  x,
  threads,
  secondsPerStep: 1,
  cpuSecondsPerStep: 1,
  samplesPerSecond: 1,
  gflopPerSecond,
  peakExtraMiB: null,
});

test('deviations are told on both sides of the best point, and between threads', () => {
  const found = deviations([
    point(1, 1, 50),
    point(8, 1, 100),
    point(16, 1, 90),
    point(64, 1, 60),
    point(8, 2, 190),
    point(16, 2, 120),
  ]);
  expect(found.map(({ x, threads, kind }) => [x, threads, kind])).toEqual([
    [1, 1, 'fixed cost'],
    [64, 1, 'grows faster'],
    [16, 2, 'grows faster'],
    [16, 2, 'threads'],
  ]);
  expect(found.map(deviationText)).toEqual([
    'batch 1, 1 thread: an operation takes 2.00 times as long as at 8 (a cost that does not shrink with it)',
    'batch 64, 1 thread: an operation takes 1.67 times as long as at 8 (more than the work does)',
    'batch 16, 2 threads: an operation takes 1.58 times as long as at 8 (more than the work does)',
    'batch 16: 2 threads are 1.33 times as fast as 1, not 2 times',
  ]);
});
