import { initialState } from '@cf/core';
import type { StepMetrics, TrainingState } from '@cf/training';
import { describe, expect, it } from 'vitest';
import { openBackend } from '../engines/open-backend.ts';
import { featureSamples } from '../features/feature-samples.ts';
import { stepCharts } from '../report/step-charts.ts';
import { checkConfig } from '../settings/check-config.ts';
import { resolveConfig } from '../settings/resolve-config.ts';
import { shadowLosses } from '../settings/shadow-losses.ts';
import { stepEvent } from '../tensorboard/board-log.ts';
import {
  cloudData,
  configWith,
  embeddingOn,
  failureOf,
  flagsWith,
  trainKeeping,
  withoutProgress,
} from '../testing.ts';
import { shadowTexts } from './shadow-texts.ts';

withoutProgress();

const data = cloudData(5, 8, 6);

async function trained(
  flags: Parameters<typeof configWith>[0],
  state?: TrainingState,
): Promise<{ readonly states: readonly TrainingState[]; readonly metrics: readonly StepMetrics[] }> {
  const config = configWith({ ...flags, epochs: 2 });
  const backend = await openBackend(config.head, { threads: 1 });
  const network = await embeddingOn(data, config);
  try {
    const samples = featureSamples(data, data);
    return await trainKeeping({
      config,
      backend,
      learner: network.learner,
      samples,
      ...(state && { state }),
    });
  } finally {
    await network.dispose();
    await backend.dispose();
  }
}

const without = ({ shadows: _, ...state }: TrainingState): object => state;
const cosinesOf = (metrics: readonly StepMetrics[]): readonly unknown[] =>
  metrics.map(({ shadows }) => shadows?.cosines);

describe.each(['reference', 'onnx', 'gpujs-cpu'])('losses that look on, head %s', (head) => {
  it('change no bit; the trained one beside itself has cosine 1; states go on from a checkpoint', async () => {
    const shadow = 'curricularface,arcface,focal,adacos';
    const [alone, watched] = [await trained({ head }), await trained({ head, shadow, shadowEvery: 2 })];
    expect(watched.states.map(without)).toEqual(alone.states);
    for (const [at, { shadows }] of watched.metrics.entries()) {
      if (at % 2 === 1) expect(shadows!.cosines).toEqual({});
      else {
        expect(shadows!.cosines.curricularface).toEqual({ embeddings: 1, weights: 1 });
        expect(shadows!.cosines.arcface!.embeddings).toBeGreaterThan(0.1);
        expect(shadows!.cosines.focal!.weights).toBeLessThan(1);
      }
    }
    const { shadows, lossState } = watched.states.at(-1)!;
    expect(shadows!.curricularface).toEqual(lossState);
    expect(shadows!.adacos!.values.scale).not.toBe(0);
    if (head !== 'onnx') return;
    const middle = watched.states.find(({ step }) => step === 5)!;
    const resumed = await trained({ head, shadow, shadowEvery: 2 }, structuredClone(middle));
    expect(cosinesOf(resumed.metrics)).toEqual(cosinesOf(watched.metrics.slice(5)));
    expect(resumed.states.at(-1)).toEqual(watched.states.at(-1));
    const charts = await stepCharts(watched.metrics);
    expect(charts.map(({ title }) => title).slice(-2)).toEqual([
      'Losses that looked on: ∂L/∂X',
      'Losses that looked on: ∂L/∂W',
    ]);
    expect(Object.keys(stepEvent(watched.metrics[0]!).scalars!)).toContain('shadow/arcface');
    const [cosines, cost] = shadowTexts(configWith(), watched.metrics);
    expect(cosines).toMatch(
      /^cosine of ∂L\/∂X with that of curricularface: curricularface 1\.000 in the first .*; arcface 0\.\d{3}/,
    );
    expect(cost).toMatch(/% of the time of the steps \(.* s, 5 looks\)$/);
  });
});

it('take scale and margin of the trained loss where theirs are of the same kind, and options after a colon', () => {
  const of = (shadow: string, flags: Parameters<typeof flagsWith>[0] = {}): unknown[] =>
    shadowLosses(resolveConfig(flagsWith({ shadow, ...flags })), undefined).map(({ name, loss }) => [
      name,
      loss.scale,
      initialState(loss).values.t,
    ]);
  expect(of('arcface, normface,cosface:scale=9', { scale: 20 })).toEqual([
    ['arcface', 20, undefined],
    ['normface', 20, undefined],
    ['cosface:scale=9', 9, undefined],
  ]);
  const option = { lossOption: ['tInitial=0.4'] };
  expect(of('curricularface,curricularface:tInitial=0.1', option)).toEqual([
    ['curricularface', 32, 0.4],
    ['curricularface:tInitial=0.1', 32, 0.1],
  ]);
  expect(of('curricularface,focal', { ...option, weighting: 'focal' })).toEqual([
    ['curricularface', 32, 0.4],
    ['focal', 32, 0.4],
  ]);
  expect(configWith().shadowEvery).toBeUndefined();
  expect(configWith({ shadow: 'arcface' }).shadowEvery).toBe(10);
});

it.each([
  ['arcfase', /arcface/],
  ['arcface,arcface', /once/],
  ['arcface:margin', /name=value/],
  ['arcface:margn=1', /margin/],
  ['sphereface2', /learned bias/],
  ['softmax', /bias=false/],
])('--shadow %s is refused', async (shadow, told) => {
  const error = await failureOf(() => configWith({ shadow }));
  expect(error.message).toMatch(told);
  expect(error.code).toMatch(/^E_(USAGE|UNKNOWN_NAME)$/);
});

it('--shadow-every stands beside --shadow; a softmax without bias may look on', async () => {
  expect((await failureOf(() => configWith({ shadowEvery: 2 }))).message).toMatch(
    /--shadow-every without --shadow/,
  );
  expect(checkConfig(configWith({ shadow: 'softmax:bias=false' })).shadow).toBe('softmax:bias=false');
});
