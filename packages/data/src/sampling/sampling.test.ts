import { type Sampler, uniformSampler } from '@cf/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { balancedBatches } from './balanced-batches.ts';
import { balancedSampler, identitySampler } from './balanced-sampler.ts';
import { curriculumSampler } from './curriculum-sampler.ts';

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('balancedBatches', () => {
  const labelLists = fc.array(fc.nat(6), { minLength: 1, maxLength: 60 });

  it('holds P identities of K pictures in every batch', () => {
    fc.assert(
      fc.property(
        labelLists,
        fc.integer({ min: 1, max: 5 }),
        fc.integer(),
        fc.nat(3),
        (labels, K, seed, epoch) => {
          const P = Math.ceil(new Set(labels).size / 2);
          const batches = balancedBatches(labels, { identities: P, images: K, seed, epoch });
          expect(batches.length).toBe(Math.ceil(labels.length / (P * K)));
          for (const batch of batches) {
            const counts = new Map<number, number[]>();
            for (const sample of batch) {
              counts.set(labels[sample]!, [...(counts.get(labels[sample]!) ?? []), sample]);
            }
            expect(counts.size).toBe(P);
            for (const [label, samples] of counts) {
              expect(samples.length).toBe(K);
              const available = labels.filter((other) => other === label).length;
              expect(new Set(samples).size).toBe(Math.min(K, available));
            }
          }
        },
      ),
    );
  });

  it('draws identities, and pictures within an identity, equally often to within one', () => {
    fc.assert(
      fc.property(labelLists, fc.integer({ min: 1, max: 4 }), fc.integer(), (labels, K, seed) => {
        const P = Math.ceil(new Set(labels).size / 2);
        const batches = balancedBatches(labels, { identities: P, images: K, seed, epoch: 0, batches: 12 });
        const samples = labels.map(() => 0);
        for (const batch of batches) for (const sample of batch) samples[sample]!++;
        const totals = new Map<number, number>();
        for (const label of new Set(labels)) {
          const own = samples.filter((_, index) => labels[index] === label);
          expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(1);
          totals.set(label, own.reduce((sum, count) => sum + count, 0) / K);
        }
        expect(Math.max(...totals.values()) - Math.min(...totals.values())).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is the same for the same seed and epoch only', () => {
    const labels = range(40).map((sample) => sample % 8);
    const batches = (seed: number, epoch: number): readonly Uint32Array[] =>
      balancedBatches(labels, { identities: 4, images: 2, seed, epoch });
    expect(batches(1, 0)).toEqual(batches(1, 0));
    expect(batches(1, 0)).not.toEqual(batches(1, 1));
    expect(batches(1, 0)).not.toEqual(batches(2, 0));
  });

  it('says when there are too few identities', () => {
    expect(() => balancedBatches([0, 0, 1], { identities: 3, images: 1, seed: 0, epoch: 0 })).toThrow(
      'identities = 3, expected at most 2',
    );
    expect(() => balancedBatches([0, -1], { identities: 1, images: 1, seed: 0, epoch: 0 })).toThrow(
      'labels[1] = -1',
    );
  });
});

describe('samplers', () => {
  const labelLists = fc.array(fc.nat(6), { minLength: 1, maxLength: 60 });
  const size = fc.integer({ min: 1, max: 12 });

  it('are functions of the epoch: asked for in any order, each gives the same again', () => {
    const labels = range(40).map((sample) => sample % 8);
    const pace = { start: 0.3, growSteps: 9 };
    const samplers = (seed: number): readonly Sampler[] => [
      balancedSampler({ labels, size: 6, seed }),
      identitySampler({ labels, identities: 4, images: 2, accumulate: 2, seed }),
      curriculumSampler({ difficulty: range(40), size: 6, seed, pace }),
    ];
    for (const [i, sampler] of samplers(1).entries()) {
      const [first, second] = [sampler.batches(0), sampler.batches(1)];
      const again = samplers(1)[i]!;
      expect(again.batches(1)).toEqual(second);
      expect(again.batches(0)).toEqual(first);
      expect(first).not.toEqual(second);
      expect(samplers(2)[i]!.batches(0)).not.toEqual(first);
      expect(first.length).toBe(sampler.steps);
    }
  });

  it('balanced: every identity equally often to within one, and its pictures too', () => {
    fc.assert(
      fc.property(labelLists, size, fc.integer(), fc.nat(2), (labels, each, seed, epoch) => {
        const sampler = balancedSampler({ labels, size: each, seed });
        const batches = sampler.batches(epoch);
        expect(batches.map(({ length }) => length)).toEqual(new Array(sampler.steps).fill(each));
        const drawn = batches.flatMap((batch) => [...batch]);
        const times = (of: readonly number[], value: number): number =>
          of.filter((one) => one === value).length;
        const within = (counts: readonly number[]): void =>
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        const people = [...new Set(labels)];
        const ofPeople = drawn.map((sample) => labels[sample]!);
        within(people.map((person) => times(ofPeople, person)));
        for (const person of people)
          within(
            range(labels.length)
              .filter((s) => labels[s] === person)
              .map((s) => times(drawn, s)),
          );
      }),
    );
  });

  it('P × K: every batch of a step has P identities of K pictures', () => {
    const labels = range(60).map((sample) => sample % 7);
    const { steps, batches } = identitySampler({ labels, identities: 3, images: 4, accumulate: 2, seed: 1 });
    expect(steps).toBe(2);
    for (const step of batches(3)) {
      expect(step.length).toBe(24);
      for (const batch of [step.subarray(0, 12), step.subarray(12)]) {
        const people = Array.from(batch, (sample) => labels[sample]!);
        expect(new Set(people).size).toBe(3);
        for (const person of people) expect(people.filter((other) => other === person).length).toBe(4);
      }
    }
    expect(() => identitySampler({ labels, identities: 8, images: 1, seed: 1 })).toThrow('identities = 8');
  });
});

describe('curriculumSampler', () => {
  const difficulty = [5, 3, 9, 0, 1, 7, 2, 8, 6, 4];

  it('a step sees the easiest share alone, as its pace says, no sample twice where there are enough', () => {
    const pace = { start: 0.4, growSteps: 6 };
    const { steps, batches } = curriculumSampler({ difficulty, size: 3, seed: 0, pace });
    expect(steps).toBe(3);
    for (const epoch of [0, 1]) {
      for (const [position, batch] of batches(epoch).entries()) {
        const share = Math.ceil(10 * (0.4 + (0.6 * (3 * epoch + position)) / 6) - 1e-9);
        expect(batch.length).toBe(3);
        expect(new Set(batch).size).toBe(3);
        for (const sample of batch) expect(difficulty[sample]!).toBeLessThan(share);
      }
    }
    const seen = new Set(
      [...Array(40).keys()].flatMap((seed) => [
        ...curriculumSampler({ difficulty, size: 3, seed, pace }).batches(0)[0]!,
      ]),
    );
    expect([...seen].map((sample) => difficulty[sample]!).sort()).toEqual([0, 1, 2, 3]);
  });

  it('draws anew in every epoch, while the share stands still', () => {
    const pace = { start: 0.6, growSteps: 100, shape: 'step' } as const;
    const { batches } = curriculumSampler({ difficulty, size: 3, seed: 2, pace });
    const epochs = [0, 1, 2].map((epoch) => JSON.stringify(batches(epoch).map((batch) => [...batch])));
    expect(new Set(epochs).size).toBe(3);
  });

  it('is the uniform sampler once all data is in use', () => {
    const pace = { start: 0.4, growSteps: 6 };
    for (const lastBatch of ['drop', 'keep'] as const) {
      const sampler = curriculumSampler({ difficulty, size: 3, seed: 5, pace, lastBatch });
      const uniform = uniformSampler({ count: 10, size: 3, seed: 5, lastBatch });
      expect(sampler.batches(2)).toEqual(uniform.batches(2));
      expect(sampler.leftOut).toBe(uniform.leftOut);
      expect(sampler.batches(0).map(({ length }) => length)).toEqual(
        uniform.batches(0).map(({ length }) => length),
      );
    }
  });

  it('repeats a share that is smaller than a step evenly', () => {
    const [first] = curriculumSampler({ difficulty, size: 7, seed: 1, pace: { start: 0.3 } }).batches(0);
    const times = [3, 4, 6].map((sample) => [...first!].filter((one) => one === sample).length);
    expect(times.sort()).toEqual([2, 2, 3]);
  });

  it('refuses a pace or a difficulty that is none', () => {
    for (const start of [0, -1, 1.01, Number.NaN])
      expect(() => curriculumSampler({ difficulty, size: 2, seed: 0, pace: { start } })).toThrow('start');
    expect(() => curriculumSampler({ difficulty: [1, Number.NaN], size: 2, seed: 0, pace: {} })).toThrow(
      'difficulty',
    );
  });
});

describe('labels', () => {
  const labels = [0, 1, 2, 0, 1, 2];
  const ways = {
    balancedBatches: (given: ArrayLike<number | bigint>) =>
      balancedBatches(given, { identities: 2, images: 1, seed: 0, epoch: 0 }),
    balancedSampler: (given: ArrayLike<number | bigint>) =>
      balancedSampler({ labels: given, size: 2, seed: 0 }).batches(0),
    identitySampler: (given: ArrayLike<number | bigint>) =>
      identitySampler({ labels: given, identities: 2, images: 1, seed: 0 }).batches(0),
  };

  it.each(Object.entries(ways))('%s takes integers in any array, and names what is none', (_, batches) => {
    const expected = batches(labels);
    expect(batches(BigInt64Array.from(labels, BigInt))).toEqual(expected);
    expect(batches(labels.map((label, at) => (at < 3 ? BigInt(label) : label)))).toEqual(expected);
    expect(batches(Float32Array.from(labels))).toEqual(expected);
    expect(() => batches(['0', '1'] as never)).toThrow(
      /^labels\[0\] = "0", expected an integer ≥ 0\.\nFix: number the names with buildLabelMap/,
    );
    expect(() => batches([0n, -1n])).toThrow(/^labels\[1\] = -1n, expected an integer ≥ 0/);
    expect(() => batches([0.5])).toThrow(/^labels\[0\] = 0\.5, expected an integer ≥ 0/);
  });
});
