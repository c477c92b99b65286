import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compareCurves, compareGradients } from '../../../../bench/peers/parity/compare.ts';
import { DEFAULT_TASK, drawData } from '../../../../bench/peers/parity/task.ts';
import { type NamedTensors, readTensors, writeTensors } from '../../../../bench/peers/parity/tensor-file.ts';

const named = (values: Readonly<Record<string, readonly number[]>>): NamedTensors =>
  new Map(
    Object.entries(values).map(([name, data]) => [
      name,
      { type: 'float64', dims: [data.length], data: Float64Array.from(data) },
    ]),
  );

test('measures gradients in units of the exact one', () => {
  const [agreement] = compareGradients(
    named({ 'fc.weight': [3, -8.5] }),
    named({ 'fc.weight': [3.25, -8] }),
    named({ 'fc.weight': [6, -8] }),
  );
  expect(agreement).toEqual({
    name: 'fc.weight',
    scale: 8,
    cancels: false,
    largest: 0.5 / 8,
    norm: Math.hypot(0.25, 0.5) / 10,
    peerRounding: 2.75 / 8,
    ownRounding: 3 / 8,
  });
});

test('takes the scale of the layer where a gradient cancels out', () => {
  const exact = named({ 'a.bn.weight': [4], 'a.bn.bias': [1e-12], 'a.fc.weight': [100] });
  const peer = named({ 'a.bn.weight': [4], 'a.bn.bias': [0.5], 'a.fc.weight': [100] });
  const bias = compareGradients(exact, peer, exact).find(({ name }) => name === 'a.bn.bias')!;
  expect(bias).toMatchObject({ cancels: true, scale: 4 });
  expect(bias.largest).toBeCloseTo(0.125, 9);
  expect(bias.norm).toBe(bias.largest);
});

test('does not lose a NaN', () => {
  const exact = named({ w: [1, 2] });
  expect(compareGradients(named({ w: [Number.NaN, 2] }), exact, exact)[0]!.largest).toBeNaN();
});

test('refuses gradients of other parameters', () => {
  const one = named({ w: [1] });
  expect(() => compareGradients(named({ v: [1] }), one, one)).toThrow('parameters v, expected w');
  expect(() => compareGradients(named({ w: [1, 2] }), one, one)).toThrow('w: 2 numbers, expected 1');
});

test('keeps the widest distance of the perturbed runs so far as the envelope', () => {
  const perturbed = [
    [5, 4.5, 3],
    [5.25, 4, 3.125],
  ];
  const curve = compareCurves([5.5, 4, 2], [5, 4, 3], perturbed);
  expect(curve.map(({ difference }) => difference)).toEqual([0.5, 0, 1]);
  expect(curve.map(({ envelope }) => envelope)).toEqual([0.25, 0.5, 0.5]);
});

test('writes tensors that it reads back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tensor-file-'));
  const file = join(folder, 'tensors.safetensors');
  const tensors: NamedTensors = new Map([
    ['layer.weight', { type: 'float32', dims: [2, 2], data: Float32Array.of(1, -2.5, 1e-30, 3e30) }],
    ['empty', { type: 'float32', dims: [0], data: new Float32Array(0) }],
  ]);
  await writeTensors(file, tensors);
  expect(await readTensors(file)).toEqual(tensors);
  rmSync(folder, { recursive: true });
});

test('draws whole pixels, and as many images of one class as of another', () => {
  const { images, labels, order, centers } = drawData({
    ...DEFAULT_TASK,
    batch: 4,
    classes: 3,
    dim: 8,
    steps: 6,
  });
  expect(images.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true);
  expect(images).toHaveLength(24 * 3 * 56 * 56);
  expect(order.map(({ length }) => length)).toEqual([4, 4, 4, 4, 4, 4]);
  expect(order.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, i) => i));
  expect(labels.toSorted()).toEqual(Array.from({ length: 24 }, (_, i) => Math.floor(i / 8)));
  expect(centers).toHaveLength(24);
});
