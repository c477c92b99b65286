import { describe, expect, it } from 'vitest';
import { featureSamples } from '../features/feature-samples.ts';
import { cloudData, failureOf } from '../testing.ts';
import type { Dataset } from './dataset.ts';
import { withLabelNoise, withShuffledLabels } from './dealt-labels.ts';

const data = cloudData(5, 8, 6);

describe('withShuffledLabels', () => {
  const samples = featureSamples(data, data);

  it('keeps the count of every label and the features', () => {
    const shuffled = withShuffledLabels(samples, 1);
    expect(shuffled.labels).not.toEqual(samples.labels);
    expect([...shuffled.labels].sort()).toEqual([...samples.labels].sort());
    expect(shuffled.batch).toBe(samples.batch);
    expect(withShuffledLabels(samples, 1)).toEqual(shuffled);
  });

  it('leaves the samples as they were', () => {
    const before = Int32Array.from(samples.labels);
    withShuffledLabels(samples, 1);
    expect(samples.labels).toEqual(before);
  });
});

describe('withLabelNoise', () => {
  const config = { kind: 'synthetic', seed: 0, identities: 9, imagesPerIdentity: 9, difficulty: 1 } as const;
  /** Pictures of five identities, of which one has two fifths, and some that only pairs use. */
  const labels = Int32Array.from({ length: 220 }, (_, i) => (i % 11 === 10 ? -1 : i % 4 === 0 ? 0 : i % 5));
  const dataset = { labels, names: data.names, trueIdentities: new Map() } as unknown as Dataset;
  const noisy = (labelNoise: number, labelNoiseSeed = 0): Dataset =>
    withLabelNoise(dataset, { ...config, labelNoise, labelNoiseSeed });
  const differing = (a: Int32Array): number[] => [...a.keys()].filter((i) => a[i] !== labels[i]);

  it('exchanges the share that is asked for, each label for another, and says whose pictures they are', () => {
    for (const seed of [0, 1, 2]) {
      const { labels: given, trueIdentities } = noisy(0.3, seed);
      const moved = differing(given);
      expect(moved).toHaveLength(60);
      expect([...trueIdentities]).toEqual(moved.map((i) => [i, data.names[labels[i]!]]));
      expect([...given].sort()).toEqual([...labels].sort());
      for (const i of moved) expect(labels[i]).toBeGreaterThanOrEqual(0);
    }
    expect(noisy(0.3).labels).toEqual(noisy(0.3, 0).labels);
    expect(differing(noisy(0.3, 1).labels)).not.toEqual(differing(noisy(0.3).labels));
  });

  it('leaves labels alone where nothing is said, and at 0', () => {
    expect(withLabelNoise(dataset, config)).toBe(dataset);
    expect(differing(noisy(0).labels)).toEqual([]);
  });

  it('is refused where an identity has no one to exchange with', async () => {
    const crowded = { ...dataset, labels: labels.map((label) => (label > 2 ? 0 : label)) };
    const error = await failureOf(() => withLabelNoise(crowded, { ...config, labelNoise: 1 }));
    expect(error.code).toBe('E_USAGE');
    expect(error.message).toMatch(/--label-noise 1, of which one identity has too many pictures/);
  });
});
