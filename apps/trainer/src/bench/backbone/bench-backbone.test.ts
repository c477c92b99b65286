import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Backbone, iresnet, mobileFaceNet, tinyIresnet } from '@cf/backbones';
import { OptionOutOfRangeError } from '@cf/core';
import { onnxModel } from '@cf/onnx';
import { describe, expect, test } from 'vitest';
import { benchBackbone } from './bench-backbone.ts';
import { convShapes, describeShape, operationsOf } from './conv-shapes.ts';
import { measurePeer } from './peer.ts';
import type { BackboneBenchOptions } from './report.ts';

const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

describe('shapes of convolutions', () => {
  test('of the small residual network', () => {
    const shapes = convShapes(onnxModel(tinyIresnet({ weights: 'zeros' })), 56);
    expect(shapes.map(({ shape, count }) => `${count}: ${describeShape(shape)}`)).toEqual([
      '1: 3→32 3×3 from 56×56',
      '1: 32→32 3×3 from 56×56',
      '1: 32→32 3×3 /2 from 56×56',
      '1: 32→32 1×1 /2 from 56×56',
      '1: 32→64 3×3 from 28×28',
      '1: 64→64 3×3 /2 from 28×28',
      '1: 32→64 1×1 /2 from 28×28',
      '1: 64→128 3×3 from 14×14',
      '1: 128→128 3×3 /2 from 14×14',
      '1: 64→128 1×1 /2 from 14×14',
      '1: 128→256 3×3 from 7×7',
      '1: 256→256 3×3 /2 from 7×7',
      '1: 128→256 1×1 /2 from 7×7',
    ]);
    expect(shapes.filter(({ shape }) => shape.isFirst)).toHaveLength(1);
  });

  test('of MobileFaceNet and iresnet18 add up to their known cost', () => {
    const cost = (backbone: Backbone): number =>
      convShapes(onnxModel(backbone), backbone.inputSize).reduce(
        (sum, { shape, count }) => sum + count * operationsOf(shape),
        0,
      ) / 2e6;
    // Millions of multiplications and additions of one image.
    expect(cost(mobileFaceNet({ weights: 'zeros' }))).toBeCloseTo(221, -1);
    expect(cost(iresnet({ depth: 18, weights: 'zeros' }))).toBeCloseTo(2610, -2);
  });
});

const OPTIONS: BackboneBenchOptions = {
  model: 'tiny-iresnet',
  batch: 2,
  threads: 2,
  runs: 1,
  rounds: 1,
  layers: true,
  peer: false,
  python: 'no-such-python',
};

const MEASURE = [fileURLToPath(new URL('../../cli.ts', import.meta.url)), 'bench', 'backbone-task'];

test('a report has rates that are positive and of the same run, and the memory where the system tells', async () => {
  const report = await benchBackbone(OPTIONS, MEASURE);
  if (process.platform === 'linux') {
    // Gradients, the second set of weights and the activations at least.
    expect(report.peakExtraMiB).toBeGreaterThan((2 * 4 * report.parameters) / 2 ** 20);
    expect(report.peakExtraMiB).toBeLessThan(500);
  } else expect(report.peakExtraMiB).toBeNull();
  expect(report.imagesPerSecond).toBeGreaterThan(0);
  expect(report.parameters).toBe(2_278_368);
  expect(report.shareOfLimit).toBeCloseTo(report.gflopPerSecond / report.limitGflopPerSecond, 10);
  expect(report.shareOfLimit).toBeLessThan(1);
  expect(report.layers).toHaveLength(13);
  for (const { forward, weightGradient, inputGradient } of report.layers) {
    for (const rate of [forward, weightGradient, inputGradient ?? 1]) expect(rate).toBeGreaterThan(0);
  }
  expect(report.layers.filter(({ inputGradient }) => inputGradient === undefined)).toHaveLength(1);
  expect(report.peer).toEqual({ skipped: 'not asked for' });
  for (const field of Object.keys(report)) expect(README).toContain(`\`${field}\``);
});

const given = (rates: readonly number[], file: string): string[] => [
  '-e',
  `const { appendFileSync, readFileSync } = require('node:fs');
  appendFileSync('${file}', '.');
  const imagesPerSecond = ${JSON.stringify(rates)}[readFileSync('${file}').length - 1];
  console.log(JSON.stringify({ imagesPerSecond, peakExtraMiB: null }))`,
];

test('of several rounds the one in the middle is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cf-rounds-'));
  const measure = given([9, 3, 4], join(folder, 'calls'));
  const report = await benchBackbone({ ...OPTIONS, layers: false, rounds: 3 }, measure);
  expect(report).toMatchObject({ imagesPerSecond: 4, rounds: 3, peakExtraMiB: null });
  await rm(folder, { recursive: true });
});

test('a Python without torch is skipped, and says so', async () => {
  const peer = await measurePeer(OPTIONS, OPTIONS.python);
  expect(peer).toEqual({ skipped: 'no-such-python has no torch' });
});

test('what cannot be measured is refused', async () => {
  await expect(benchBackbone({ ...OPTIONS, model: 'vgg' as 'iresnet18' }, MEASURE)).rejects.toThrow(
    OptionOutOfRangeError,
  );
  await expect(benchBackbone({ ...OPTIONS, batch: 0 }, MEASURE)).rejects.toThrow(/batch/);
});
