import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configWith, failureOf } from '../testing.ts';
import { byteSize, bytesText } from './byte-size.ts';
import { leftOutOfEpoch } from './left-out-of-epoch.ts';
import { samplerChoice } from './sampler-choice.ts';
import { samplerOf, stepsPerEpoch } from './sampler-of.ts';

const labels = Int32Array.from({ length: 40 }, (_, i) => i % 5);
const samples = { labels, count: 40, difficulty: Float64Array.from({ length: 40 }, (_, i) => i) };

describe('--sampler', () => {
  it.each(['pk', 'pk:4', 'pk:0x4', 'pk:4x4x4', 'pk:4x-1', 'pk:300x300', 'random', ''])(
    'refuses %j',
    (text) => {
      expect(() => samplerChoice(text)).toThrow('--sampler');
    },
  );

  it.each(['pk:0x4', 'pk:300x300'])('%s is refused by its flag, not as a batch', async (sampler) => {
    const error = await failureOf(() => configWith({ sampler, batch: undefined as never }));
    expect(error.message).toMatch(new RegExp(`^--sampler ${sampler}, expected uniform, balanced, `));
  });

  it('pk:PxK sets the batch, and another one is refused', async () => {
    const config = configWith({ sampler: 'pk:4x3', batch: undefined as never, accumulate: 2 });
    expect(config.batch).toBe(12);
    const { steps, batches } = samplerOf(config, samples);
    expect([steps, batches(0)[0]!.length]).toEqual([1, 24]);
    expect((await failureOf(() => configWith({ sampler: 'pk:4x3', batch: 8 }))).message).toMatch(
      /--batch 8 with --sampler pk:4x3, expected --batch 12/,
    );
    const many = configWith({ sampler: 'pk:6x1', batch: 6 });
    expect(() => samplerOf(many, samples)).toThrow(/pk:6x1 for 5 identities/);
  });

  it('curriculum grows over the share of the training that is asked for', () => {
    const config = configWith({
      sampler: 'curriculum',
      epochs: 10,
      batch: 8,
      curriculumEnd: 0.4,
      curriculumStart: 0.25,
    });
    const { steps, batches } = samplerOf(config, samples);
    expect(steps).toBe(5);
    // 20 steps of growth: the first epoch ends at 0.25 + 0.75·4/20, the fifth is uniform.
    expect(Math.max(...batches(0).flatMap((batch) => [...batch]))).toBeLessThan(16);
    expect(new Set(batches(4).flatMap((batch) => [...batch])).size).toBe(40);
  });

  it('has as many steps an epoch as is known from the number of pictures', () => {
    for (const sampler of ['uniform', 'balanced', 'curriculum', 'pk:4x3'])
      for (const lastBatch of ['drop', 'keep'])
        for (const accumulate of [1, 2, 7]) {
          const config = configWith({ sampler, lastBatch, accumulate, batch: 12 });
          expect(stepsPerEpoch(config, 40)).toBe(samplerOf(config, samples).steps);
        }
  });

  it('settings of a curriculum have no meaning without', async () => {
    const error = await failureOf(() => configWith({ curriculumPace: 'root' }));
    expect(error.message).toMatch(/--sampler uniform with --curriculum-pace/);
  });
});

describe('what an epoch leaves out', () => {
  const text = (count: number, batch: number, accumulate = 1): string | undefined => {
    const config = configWith({ batch, accumulate });
    return leftOutOfEpoch(config, count, samplerOf(config, { labels: new Int32Array(count), count }));
  };

  it('is told with a batch that fits where it is much', () => {
    expect(text(180, 128)).toBe(
      'an epoch is 1 step of 128 pictures: 52 of 180 are left out of it, others each time; --batch 90 leaves out none, --last-batch keep trains on all',
    );
    expect(text(1281, 128)).toBe(
      'an epoch is 10 steps of 128 pictures: 1 of 1281 are left out of it, others each time',
    );
    expect(text(256, 128)).toBeUndefined();
    expect(text(20, 128)).toBeUndefined();
  });

  it('the batch that it names leaves out fewer, and is never larger', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 130 }),
        fc.integer({ min: 1, max: 3 }),
        (count, batch, accumulate) => {
          const [, named] = /--batch (\d+)/.exec(text(count, batch, accumulate) ?? '') ?? [];
          if (named === undefined) return;
          expect(Number(named)).toBeLessThan(batch);
          expect(count % (Number(named) * accumulate)).toBeLessThan(count % (batch * accumulate));
        },
      ),
    );
  });
});

describe('amounts of memory', () => {
  it.each([
    ['2GiB', 2 ** 31],
    ['500MB', 5e8],
    ['1.5 kib', 1536],
    ['0b', 0],
    ['0', 0],
  ])('%s', (given, bytes) => {
    expect(byteSize('--data-memory', given)).toBe(bytes);
  });

  it.each(['', '2', 'GiB', '-1GB', '2 G', '1e3MB', '99999999TiB'])('%j is none', (given) => {
    expect(() => byteSize('--data-memory', given)).toThrow('--data-memory');
  });

  it('are told in words', () => {
    expect([1536, 5 * 2 ** 20, 2 ** 34].map(bytesText)).toEqual(['1.5 KiB', '5.0 MiB', '16 GiB']);
  });
});
