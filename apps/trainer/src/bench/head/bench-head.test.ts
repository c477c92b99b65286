import { readFileSync } from 'node:fs';
import { LOSS_NAMES, OptionOutOfRangeError, referenceStep, sphereFace2 } from '@cf/core';
import { describe, expect, test } from 'vitest';
import { answer } from '../python.ts';
import { benchHead } from './bench-head.ts';
import { type HeadTask, headProblem } from './head-task.ts';
import { measureHead } from './measure-head.ts';
import { pytorchPeers } from './peers.ts';

const TASK: HeadTask = {
  backend: 'reference',
  batch: 3,
  dim: 8,
  classes: 20,
  subCenters: 1,
  loss: 'curricularface',
  regime: 'init',
  steps: 2,
  threads: 1,
  diagnostics: false,
  seed: 1,
};

describe('the batch that is measured', () => {
  test('is the same for the same seed', () => {
    expect(headProblem(TASK)).toEqual(headProblem(TASK));
    expect(headProblem({ ...TASK, seed: 2 })).not.toEqual(headProblem(TASK));
  });

  test('lies near its class centers late in training', () => {
    const task: HeadTask = { ...TASK, regime: 'late', batch: 41, dim: 256 };
    const { embeddings, weights, labels } = headProblem(task);
    const row = (values: Float32Array, i: number): Float32Array => values.subarray(i * 256, (i + 1) * 256);
    const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, k) => sum + x * b[k]!, 0);
    labels.forEach((label, i) => {
      const [x, w] = [row(embeddings, i), row(weights, label)];
      expect(dot(x, w) / Math.sqrt(dot(x, x) * dot(w, w))).toBeGreaterThan(0.8);
    });
  });
});

describe('a measurement', () => {
  test('tells times, the rate of products beside them, and memory where the system does', async () => {
    const measured = await measureHead(TASK);
    expect(measured.seconds).toHaveLength(2);
    expect(measured.medianSeconds).toBeGreaterThan(0);
    expect(measured.productRate).toBeGreaterThan(1e8);
    if (process.platform === 'linux') expect(measured.peakExtraMiB).toBeGreaterThanOrEqual(0);
    expect(measured.value).toBeGreaterThan(0);
  });

  test.each(LOSS_NAMES)('is taken of %s, with sub-centers too', async (loss) => {
    const { value } = await measureHead({ ...TASK, loss, subCenters: 3 });
    expect(value).toBeGreaterThan(0);
  });

  test('starts a bias where its loss says', async () => {
    const loss = sphereFace2();
    const bias = Float32Array.of(loss.bias!.start(20));
    const { value } = await measureHead({ ...TASK, loss: 'sphereface2' });
    expect(value).toBeCloseTo(referenceStep(loss, { ...headProblem(TASK), dim: 8, bias }).loss, 10);
  });

  test('is refused where it makes no sense', async () => {
    await expect(measureHead({ ...TASK, batch: 0 })).rejects.toThrow(OptionOutOfRangeError);
    await expect(measureHead({ ...TASK, subCenters: 0 })).rejects.toThrow(OptionOutOfRangeError);
  });
});

describe('a report', () => {
  const report = (value: number): string[] => [
    '-e',
    `console.log(JSON.stringify({ medianSeconds: ${value}, productRate: 1e9, peakExtraMiB: 5, skippedShare: 0, products: 'x 1' }))`,
  ];

  test('puts a measurement beside the limit of three products', async () => {
    const told: string[] = [];
    const say = (line: string): void => void told.push(line);
    const { regime: _, ...task } = TASK;
    const result = await benchHead(task, report(0.5), { peers: false, python: 'none', say });
    expect(result.limitSeconds).toBeCloseTo((6 * 3 * 8 * 20) / 1e9, 15);
    expect(result.ratioToLimit).toBeCloseTo(0.5 / result.limitSeconds, 6);
    expect(result).toMatchObject({ products: 'x 1', peakExtraMiB: 5, peers: [], skippedPeers: [] });
    expect(told).toEqual(['reference, init: 2 steps', 'reference, late: 2 steps']);
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    for (const field of Object.keys(result)) expect(readme).toContain(`\`${field}\``);
  });

  test('names the peers that are not there', async () => {
    expect(await pytorchPeers(TASK, 'no-such-python')).toEqual([
      { skipped: expect.stringContaining('no-such-python has no torch') },
    ]);
    expect(await pytorchPeers({ ...TASK, loss: 'arcface' }, 'no-such-python')).toEqual([
      { skipped: expect.stringContaining('not arcface') },
    ]);
    expect(await pytorchPeers({ ...TASK, subCenters: 3 }, 'no-such-python')).toEqual([
      { skipped: expect.stringContaining('not curricularface with 3 sub-centers') },
    ]);
  });

  test('a process that fails is told with its last line', async () => {
    const script = 'console.error("one"); console.error("two"); process.exit(3)';
    const failing = answer(process.execPath, ['-e', script], {});
    await expect(failing).rejects.toThrow(/ended with 3: two$/);
  });
});
