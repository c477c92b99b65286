import { describe, expect, it } from 'vitest';
import { learningRateAt, SCHEDULES, type Schedule } from './schedule.ts';

const schedule = (changes: Partial<Schedule>): Schedule => ({
  name: 'constant',
  base: 2,
  totalSteps: 100,
  warmupSteps: 0,
  ...changes,
});
const rates = (changes: Partial<Schedule>, steps: number[]): number[] =>
  steps.map((step) => learningRateAt(step, schedule(changes)));

describe('learningRateAt', () => {
  it('stays at its base', () => {
    expect(rates({}, [0, 50, 99])).toEqual([2, 2, 2]);
  });

  it('falls along half a cosine', () => {
    const [first, quarter, half, last] = rates({ name: 'cosine' }, [0, 25, 50, 99]);
    expect(first).toBe(2);
    expect(quarter).toBeCloseTo(1 + Math.SQRT1_2, 14);
    expect(half).toBeCloseTo(1, 14);
    expect(last).toBeGreaterThan(0);
    expect(last).toBeLessThan(1e-3);
  });

  it('drops to a tenth at 56, 76 and 92 percent', () => {
    const steps = [0, 55, 56, 75, 76, 91, 92, 99];
    const expected = [2, 2, 0.2, 0.2, 0.02, 0.02, 0.002, 0.002];
    for (const [i, rate] of rates({ name: 'step' }, steps).entries())
      expect(rate).toBeCloseTo(expected[i]!, 12);
  });

  it.each(SCHEDULES)('rises linearly at first, then follows %s', (name) => {
    expect(rates({ name, warmupSteps: 4 }, [0, 1, 2, 3])).toEqual([0.5, 1, 1.5, 2]);
    expect(rates({ name, warmupSteps: 4 }, [4])).toEqual([2]);
  });

  it('gives the cosine all steps after the warm-up', () => {
    expect(rates({ name: 'cosine', warmupSteps: 20 }, [60])[0]).toBeCloseTo(1, 14);
  });

  it.each(SCHEDULES)('is finite with a warm-up longer than the training (%s)', (name) => {
    for (const rate of rates({ name, warmupSteps: 1000, totalSteps: 1 }, [0, 999, 1000, 1e6])) {
      expect(rate).toBeGreaterThanOrEqual(0);
      expect(rate).toBeLessThanOrEqual(2);
    }
  });
});
