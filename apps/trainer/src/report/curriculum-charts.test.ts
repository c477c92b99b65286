import type { StepMetrics } from '@cf/training';
import { expect, it } from 'vitest';
import { configWith } from '../testing.ts';
import { modulationChart, spreadChart } from './curriculum-charts.ts';

const metrics = (t: number | null): readonly StepMetrics[] =>
  Array.from({ length: 21 }, (_, i) => ({
    step: i + 1,
    t: t === null ? null : (t * i) / 20,
    minModulation: i === 3 ? null : -0.1,
    maxModulation: i === 3 ? null : 1 + i / 20,
  })) as never;

it('draws the modulation of the stages of a run beside the fixed ones', async () => {
  const [chart] = await modulationChart(configWith(), metrics(0.4));
  for (const name of [
    'step 1, t = 0.000',
    'step 11, t = 0.200',
    'step 21, t = 0.400',
    'ArcFace',
    'MV-Softmax, t = 1.2',
  ])
    expect(chart!.svg).toContain(`>${name}</text>`);
  const weighted = configWith({ loss: 'curricularface', weighting: 'focal' });
  expect(await modulationChart(weighted, metrics(0.4))).toHaveLength(1);
});

it('only where the loss has a t', async () => {
  expect(await modulationChart(configWith({ loss: 'arcface' }), metrics(null))).toEqual([]);
  expect(await modulationChart(configWith(), [])).toEqual([]);
});

it('draws the spread of M where hard negatives have been', async () => {
  expect((await spreadChart(metrics(0.4)))[0]!.svg).toContain('slope M');
  expect(await spreadChart([])).toEqual([]);
});
