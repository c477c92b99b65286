import {
  adaCos,
  arcFace,
  curricularFace,
  type Head,
  type HeadInput,
  type MarginLoss,
  normFace,
  referenceBackend,
  referenceStep,
  sphereFace2,
} from '@cf/core';
import { describe, expect, test } from 'vitest';
import { checkpointOf, stateFrom } from './checkpoint.ts';
import type { StepMetrics } from './events.ts';
import type { Shadow } from './shadows.ts';
import { events, loss, metricsOf, open, stored } from './testing.ts';

const LOSSES: Readonly<Record<string, MarginLoss>> = {
  own: loss,
  arcface: arcFace({ scale: 12 }),
  curricular: curricularFace({ scale: 12, alpha: 0.5, tInitial: -0.2 }),
};

const shadowsOf = (losses: Readonly<Record<string, MarginLoss>>): Promise<Shadow[]> =>
  Promise.all(
    Object.entries(losses).map(async ([name, of]) => ({
      name,
      head: await referenceBackend().createHead(of),
    })),
  );

/** Without what no training repeats. */
const repeatable = ({ imagesPerSecond: _, dataShare: __, shadows, ...rest }: StepMetrics): object => ({
  ...rest,
  cosines: shadows?.cosines,
});

/** A head that keeps copies of what it was given. */
function spied(head: Head, seen: HeadInput[]): Head {
  const step = (input: HeadInput): ReturnType<Head['step']> => {
    const { sharedTiles: _, ...values } = input;
    seen.push(structuredClone(values));
    return head.step(input);
  };
  return { ...head, step };
}

const flat = (values: ArrayLike<number>): number[] => Array.from(values);
const cosine = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * b[i]!, 0) / (Math.hypot(...a) * Math.hypot(...b));

test('losses that look on change no bit, say what they would have done, and go on from a checkpoint', async () => {
  const plain = await events(await open());
  const given = await open();
  const seen: HeadInput[] = [];
  const shadows = { losses: await shadowsOf(LOSSES), every: 2 };
  const kept: ReturnType<typeof stored>[] = [];
  const watched = await events({ ...given, head: spied(given.head, seen), shadows }, (event) => {
    if (event.type === 'checkpoint') kept.push(structuredClone(checkpointOf(event.state)));
  });
  const { shadows: states, ...values } = stored(watched).values;
  expect({ ...stored(watched), values }).toEqual(stored(plain));
  const metrics = metricsOf(watched);
  const bare = metricsOf(plain).map(repeatable);
  expect(metrics.map((one) => ({ ...repeatable(one), cosines: undefined }))).toEqual(bare);

  // Steps 1, 3 and 5 are looked at; a loss beside itself is the same to the last bit.
  expect(metrics.map(({ shadows: of }) => Object.keys(of!.cosines).length)).toEqual([3, 0, 3, 0, 3, 0]);
  for (const { shadows: of } of metrics) {
    expect(of!.seconds).toBeGreaterThanOrEqual(0);
    if (of!.cosines.own !== undefined) expect(of!.cosines.own).toEqual({ embeddings: 1, weights: 1 });
  }
  // By hand, from what the head was given; the state of each is its own and sees every batch.
  let state = { loss: 'curricularface', values: { step: 0, t: -0.2 } };
  for (const [at, input] of seen.entries()) {
    const trained = referenceStep(loss, input);
    const arcface = referenceStep(LOSSES.arcface!, {
      ...input,
      state: { loss: 'arcface', values: { step: at } },
    });
    const curricular = referenceStep(LOSSES.curricular!, { ...input, state });
    state = curricular.state as typeof state;
    if (at % 2 === 1) continue;
    const found = metrics[at]!.shadows!.cosines;
    for (const [name, other] of [
      ['arcface', arcface],
      ['curricular', curricular],
    ] as const) {
      const [x, w] = [
        cosine(flat(trained.gradEmbeddings), flat(other.gradEmbeddings)),
        cosine(flat(trained.gradWeights), flat(other.gradWeights)),
      ];
      expect(found[name]!.embeddings).toBeCloseTo(x, 12);
      expect(found[name]!.weights).toBeCloseTo(w, 12);
      expect(x).toBeLessThan(0.99999);
    }
  }
  expect(states!.curricular).toEqual(state);
  expect(states!.arcface!.values).toEqual({ step: 6 });
  expect(states!.own).toEqual(stored(watched).values.lossState);

  const middle = kept.find(({ values: { step } }) => step === 3)!;
  const resumed = await events({ ...(await open()), shadows, state: stateFrom(middle) });
  expect(metricsOf(resumed).map(repeatable)).toEqual(metrics.slice(3).map(repeatable));
  expect(stored(resumed)).toEqual(stored(watched));
});

test('heads of those that look on take what the head of the trained loss has left', async () => {
  const given = await open();
  const tiles: HeadInput['sharedTiles'][] = [];
  const step = (input: HeadInput): ReturnType<Head['step']> => {
    tiles.push(input.sharedTiles);
    return given.head.step(input);
  };
  const shadows = { losses: await shadowsOf({ arcface: LOSSES.arcface!, normface: normFace() }), every: 2 };
  await events({ ...given, head: { ...given.head, step }, shadows });
  expect(tiles.map((shared) => shared !== undefined)).toEqual([true, false, true, false, true, false]);
  // Two shadows, three looks, one tile.
  expect(tiles[0]!.taken).toBe(6);
});

test('one that a checkpoint does not know starts where it stands, and one that is gone is forgotten', async () => {
  const first = await events({
    ...(await open({ epochs: 1 })),
    shadows: { losses: await shadowsOf({ gone: normFace() }) },
  });
  const shadows = { losses: await shadowsOf({ scale: adaCos() }) };
  const then = await events({ ...(await open()), shadows, state: stateFrom(stored(first)) });
  expect(metricsOf(then).every(({ shadows: of }) => of!.cosines.scale!.embeddings! > 0)).toBe(true);
  expect(Object.keys(stored(then).values.shadows!)).toEqual(['scale']);
});

describe('what can not look on is refused before the first step, by its name', () => {
  test.each([
    ['a bias that nobody trains', { two: sphereFace2() }, {}, /shadow = "two", .*learned bias/],
    ['no step', { arcface: arcFace() }, { every: 0 }, /shadows\.every = 0/],
  ])('%s', async (_, losses, more, told) => {
    const shadows = { losses: await shadowsOf(losses as Record<string, MarginLoss>), ...more };
    await expect(events({ ...(await open()), shadows })).rejects.toThrow(told);
  });

  test('a name of two, other centers a class', async () => {
    const [one] = await shadowsOf({ arcface: arcFace() });
    await expect(events({ ...(await open()), shadows: { losses: [one!, one!] } })).rejects.toThrow(
      /every name once/,
    );
    const head = await referenceBackend().createHead(arcFace(), { subCenters: 2 });
    const shadows = { losses: [{ name: 'k', head }] };
    await expect(events({ ...(await open()), shadows })).rejects.toThrow(/shadow k: subCenters = 2/);
  });

  test('a head that fails at a batch names its shadow', async () => {
    const [one] = await shadowsOf({ arcface: arcFace() });
    const head = { ...one!.head, step: () => Promise.reject(new Error('out of memory\nat …')) };
    const shadows = { losses: [{ name: 'arcface', head }] };
    await expect(events({ ...(await open()), shadows })).rejects.toThrow(
      /^shadow arcface: out of memory, expected/,
    );
  });
});
