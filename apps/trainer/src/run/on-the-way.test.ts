import { describe, expect, it } from 'vitest';
import { configWith } from '../testing.ts';
import { checkpointPace, checkpointTimer } from './checkpoint-pace.ts';
import { configDifferences } from './config-differences.ts';
import { startAtMeans } from './new-centers.ts';
import { stretchText, warmUpWarning } from './schedule-notes.ts';
import { bestOf, isPatienceOver } from './validation.ts';

describe('checkpointPace', () => {
  it.each([
    ['1step', { steps: 1 }],
    ['500steps', { steps: 500 }],
    ['30s', { milliseconds: 30_000 }],
    ['10min', { milliseconds: 600_000 }],
    ['2 h', { milliseconds: 7_200_000 }],
  ])('%s', (text, pace) => {
    expect(checkpointPace(text)).toEqual(pace);
  });

  it.each(['', '0steps', '-1min', '1.5h', '10', 'steps', '10 days', '9999999999steps'])(
    'refuses %j',
    (text) => {
      expect(() => checkpointPace(text)).toThrow(/checkpoint-every = .*500steps or 10min/);
    },
  );

  it('is due at multiples of its steps, wherever a run began', () => {
    const { due } = checkpointTimer({ steps: 3 });
    expect([1, 2, 3, 4, 5, 6].filter(due)).toEqual([3, 6]);
    expect([1, 2, 3].filter(checkpointTimer(undefined).due)).toEqual([]);
  });

  it('is due when its time is over since the last checkpoint', () => {
    let now = 0;
    const { due, written } = checkpointTimer({ milliseconds: 100 }, () => now);
    now = 99;
    expect(due(1)).toBe(false);
    now = 100;
    expect(due(2)).toBe(true);
    written();
    expect(due(3)).toBe(false);
    now = 200;
    expect(due(4)).toBe(true);
  });
});

describe('scores on the way', () => {
  const scores = (...all: [number, number][]) =>
    all.map(([accuracy, auc], i) => ({ step: 10 * (i + 1), epoch: i + 1, accuracy, auc }));

  it('are best by accuracy, then by AUC, then the first', () => {
    expect(bestOf([])).toBeUndefined();
    expect(bestOf(scores([0.5, 0.9], [0.6, 0.1], [0.6, 0.2], [0.6, 0.2]))!.epoch).toBe(3);
  });

  it('let patience run out after as many that are no better', () => {
    const all = scores([0.5, 0.5], [0.7, 0.5], [0.6, 0.9], [0.7, 0.5]);
    expect([1, 2, 3].map((patience) => isPatienceOver(all, patience))).toEqual([true, true, false]);
    expect(isPatienceOver(all, undefined)).toBe(false);
    expect(isPatienceOver([], 1)).toBe(false);
  });
});

describe('configDifferences', () => {
  it('names what was changed, by its path', () => {
    const before = configWith({ lr: 0.1, batch: 8, loss: 'arcface', margin: 0.5 });
    const now = configWith({ lr: 0.05, batch: 16, loss: 'arcface', margin: 0.4, clipNorm: 3 });
    expect(configDifferences(before, now).toSorted()).toEqual([
      'batch 8 → 16',
      'clipNorm none → 3',
      'learningRate 0.1 → 0.05',
      'loss.params.margin 0.5 → 0.4',
    ]);
  });

  it('is silent on what was read back, and on what is told elsewhere', () => {
    const config = configWith();
    expect(configDifferences(JSON.parse(JSON.stringify(config)), config)).toEqual([]);
    expect(configDifferences(config, { ...config, epochs: 9, keepCheckpoints: 7, device: 'webgpu' })).toEqual(
      [],
    );
  });
});

describe('the schedule', () => {
  const config = configWith({ epochs: 3, batch: 8, lr: 0.1, warmupSteps: 100_000 });

  it('that never leaves its warm-up is warned about', () => {
    expect(warmUpWarning(config, 8)).toMatch(
      /^warning: the warm-up of 100000 steps does not end within the training's 3: the learning rate rises to 0\.000003, and 0\.1 never acts/,
    );
    expect(warmUpWarning({ ...config, warmupSteps: 3 }, 8)).toMatch(/rises to 0\.1,/);
    expect(warmUpWarning({ ...config, warmupSteps: 2 }, 8)).toBeUndefined();
    expect(warmUpWarning({ ...config, warmupSteps: 0 }, 8)).toBeUndefined();
  });

  it('says how it stretches', () => {
    const longer = { ...config, warmupSteps: 0, epochs: 6 };
    expect(stretchText(longer, { epochs: 3, samples: 16, step: 6 })).toBe(
      'epochs 3 → 6: the schedule cosine now ends at step 12, not 6; the next learning rate is 0.05, and was to be 0',
    );
  });
});

describe('startAtMeans', () => {
  it('points at the mean of the normalised embeddings, as long as the others are', () => {
    const centers = Float32Array.of(3, 0, 0, 5, 9, 9, 0.1, 0.1);
    // Of class 2: two of very different lengths count alike.
    const rows = Float32Array.of(1, 0, 0, 100, 0.5, 0, 7, 7);
    const samples = { rows, dim: 2, labels: [0, 2, 2, 0] };
    expect(startAtMeans(centers, 1, new Set([2]), samples)).toBe(1);
    expect([...centers.subarray(0, 2), ...centers.subarray(6)]).toEqual([
      3,
      0,
      Math.fround(0.1),
      Math.fround(0.1),
    ]);
    const length = (3 + 5 + Math.hypot(0.1, 0.1)) / 3;
    expect(Math.hypot(centers[4]!, centers[5]!)).toBeCloseTo(length, 5);
    expect(centers[4]! / centers[5]!).toBeCloseTo(1, 5);
  });

  it('leaves a class without embeddings, or whose embeddings cancel, as it is', () => {
    const before = Float32Array.of(3, 0, 1, 2, 5, 6);
    const centers = before.slice();
    const samples = { rows: Float32Array.of(1, 0, -1, 0), dim: 2, labels: [1, 1] };
    expect(startAtMeans(centers, 1, new Set([1, 2]), samples)).toBe(0);
    expect(centers).toEqual(before);
  });

  it('moves the first sub-center alone, and keeps its length where nobody else is there', () => {
    const centers = Float32Array.of(0, 2, 7, 7);
    const samples = { rows: Float32Array.of(5, 0), dim: 2, labels: [0] };
    expect(startAtMeans(centers, 2, new Set([0]), samples)).toBe(1);
    expect([...centers]).toEqual([2, 0, 7, 7]);
  });
});
