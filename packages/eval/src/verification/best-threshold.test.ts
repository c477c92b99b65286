import { describe, expect, it } from 'vitest';
import { bestThreshold } from './best-threshold.ts';

describe('bestThreshold', () => {
  it('lies in the middle of the gap', () => {
    expect(bestThreshold({ scores: [0.25, 0.75], same: [0, 1] })).toEqual({ threshold: 0.5, accuracy: 1 });
  });

  it('prefers the widest gap among equally accurate ones', () => {
    // Cuts at 0.9375 (gap 1/8) and at 0.25 (gap 1/2) both decide three of four rightly.
    const pairs = { scores: [1, 0.875, 0.5, 0], same: [1, 0, 1, 0] };
    expect(bestThreshold(pairs)).toEqual({ threshold: 0.25, accuracy: 0.75 });
  });

  it('prefers the highest threshold among equally wide gaps', () => {
    const pairs = { scores: [1, 0.75, 0.5, 0.25], same: [1, 0, 1, 0] };
    expect(bestThreshold(pairs)).toEqual({ threshold: 0.875, accuracy: 0.75 });
  });

  it('accepts nothing or everything where that is best', () => {
    const none = bestThreshold({ scores: [0.5, 1, 1], same: [1, 0, 0] });
    expect(none.accuracy).toBe(2 / 3);
    expect(none.threshold).toBeGreaterThan(1);
    const all = bestThreshold({ scores: [1, 0.5, 0.5], same: [0, 1, 1] });
    expect(all).toEqual({ threshold: 0.5, accuracy: 2 / 3 });
  });

  it.each([1, -1, 0, -0.5, 5e-324, -5e-324])('a threshold above the highest score %d rejects it', (top) => {
    const { threshold } = bestThreshold({ scores: [top, top - 1, top], same: [0, 1, 0] });
    expect(threshold).toBeGreaterThan(top);
    expect(threshold - top).toBeLessThanOrEqual(Number.EPSILON);
  });
});
