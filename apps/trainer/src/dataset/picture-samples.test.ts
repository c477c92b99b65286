import { describe, expect, it } from 'vitest';
import { patternData } from '../testing.ts';
import { labelsOf, pictureSamples } from './picture-samples.ts';

const { stream, labels, names } = patternData(4, 3, 4);
/** Pictures 2, 5 and 8 are of nobody who is trained on. */
const dataset = {
  labels: labels.map((label, index) => (index % 3 === 2 ? -1 : label)),
  names,
  classWeights: Float64Array.of(1, 2, 3, 4),
  weights: Float32Array.from(labels, (_, index) => index / 2),
  difficulties: Float32Array.from(labels, (_, index) => 100 - index),
};
const NONE = { flip: false, shift: 0 };
const key = { seed: 1, epoch: 0 };

describe('pictures that are trained on', () => {
  it('have the label, the weight and the difficulty of their place in the list', () => {
    const { count, ...samples } = pictureSamples(stream, dataset, NONE);
    const places = [0, 1, 3, 4, 6, 7, 9, 10];
    expect(count).toBe(8);
    expect([...samples.labels]).toEqual(places.map((place) => place % 4));
    expect([...Float64Array.from(samples.weights!)]).toEqual(places.map((place) => place / 2));
    expect([...samples.difficulty!]).toEqual(places.map((place) => 100 - place));
    expect(samples.classWeights).toBe(dataset.classWeights);
    const plain = labelsOf({ labels: dataset.labels, names }, Int32Array.of(1, 0));
    expect(plain).toEqual({ count: 2, labels: Int32Array.of(1, 0), classes: names });
  });

  it('are the same one batch at a time and many ahead', async () => {
    const samples = pictureSamples(stream, dataset, { flip: true, shift: 1 });
    const requests = [Uint32Array.of(7, 0), Uint32Array.of(3)].map((indices) => ({ indices, key }));
    const ahead = [];
    for await (const data of samples.batches!(requests)) ahead.push(data);
    expect(ahead.map(({ shape }) => shape)).toEqual([
      [2, 1, 4, 4],
      [1, 1, 4, 4],
    ]);
    for (const [i, { indices }] of requests.entries())
      expect(await samples.batch(indices, key)).toEqual(ahead[i]);
  });
});
