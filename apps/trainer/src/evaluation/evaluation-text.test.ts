import { expect, it } from 'vitest';
import { intervalsLine } from './evaluation-text.ts';

it('says by what intervals are, and where there is none that there is none', () => {
  const of = { level: 0.95, resamples: 1000, unit: 'identities', units: 7 } as const;
  expect(intervalsLine(of, [null, { low: 0, high: 1 }])).toBe(
    'intervals 95 %, percentiles of 1000 resamples of 7 identities',
  );
  expect(intervalsLine({ ...of, units: 1 }, [null, null])).toBe(
    'no intervals: 1 identities are too few to be drawn anew',
  );
});
