import fc from 'fast-check';
import { expect, test } from 'vitest';
import { uniformSampler } from './sampler.ts';

const sizes = { count: fc.integer({ min: 1, max: 60 }), size: fc.integer({ min: 1, max: 70 }) };

test('every sample comes at most once an epoch, and what is left out is counted', () => {
  fc.assert(
    fc.property(
      fc.record({
        ...sizes,
        seed: fc.integer(),
        lastBatch: fc.constantFrom('drop' as const, 'keep' as const),
      }),
      fc.nat(3),
      (options, epoch) => {
        const sampler = uniformSampler(options);
        const batches = sampler.batches(epoch);
        expect(batches.length).toBe(sampler.steps);
        const seen = batches.flatMap((batch) => [...batch]);
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.length).toBe(options.count - sampler.leftOut);
        const full = Math.min(options.size, options.count);
        const whole = options.lastBatch === 'keep' ? batches.slice(0, -1) : batches;
        for (const batch of whole) expect(batch.length).toBe(full);
        if (options.lastBatch === 'keep') expect(sampler.leftOut).toBe(0);
      },
    ),
  );
});

test('180 samples at 128 are one step that leaves out 52, or two', () => {
  const given = { count: 180, size: 128, seed: 0 };
  expect(uniformSampler(given)).toMatchObject({ steps: 1, leftOut: 52 });
  const keep = uniformSampler({ ...given, lastBatch: 'keep' });
  expect(keep.batches(0).map(({ length }) => length)).toEqual([128, 52]);
});

test('refuses what is no size', () => {
  expect(() => uniformSampler({ count: 0, size: 1, seed: 0 })).toThrow('count');
  expect(() => uniformSampler({ count: 1, size: 0, seed: 0 })).toThrow('size');
  expect(() => uniformSampler({ count: 1, size: 1, seed: 0, lastBatch: 'all' as never })).toThrow(
    'lastBatch',
  );
});
