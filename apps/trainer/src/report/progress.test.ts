import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { formatRate, formatSeconds, startProgress } from './progress.ts';

describe('formatSeconds', () => {
  it.each([
    [0, '0.0 s'],
    [-1, '0.0 s'],
    [0.04, '0.0 s'],
    [9.4, '9.4 s'],
    [12.6, '13 s'],
    [59.4, '59 s'],
    [59.6, '1 min 00 s'],
    [185, '3 min 05 s'],
    [3599.7, '1 h 00 min'],
    [4320, '1 h 12 min'],
    [90000, '25 h 00 min'],
    [Number.POSITIVE_INFINITY, '?'],
    [Number.NaN, '?'],
  ])('%d → %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});

describe('formatRate', () => {
  it.each([
    [0.034, '0.034'],
    [1, '1.0'],
    [9.94, '9.9'],
    [9.96, '10'],
    [99.9, '100'],
    [1234.5, '1235'],
  ])('%d → %s', (rate, text) => {
    expect(formatRate(rate)).toBe(text);
  });
});

describe('startProgress without a terminal', () => {
  let lines: string[];
  beforeEach(() => {
    lines = [];
    vi.useFakeTimers({ toFake: ['performance'] });
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      lines.push(String(text));
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  it('prints a line with share, rate and time left every ten seconds', () => {
    const progress = startProgress('features', 600, 'images');
    vi.advanceTimersByTime(5000);
    progress.update(100);
    expect(lines).toEqual([]);
    vi.advanceTimersByTime(5000);
    progress.update(200, 'loss 1.500');
    expect(lines).toEqual(['features 33% (200/600 images, 20 images/s, 20 s left) loss 1.500\n']);
    vi.advanceTimersByTime(9000);
    progress.update(380);
    expect(lines).toHaveLength(1);
    vi.advanceTimersByTime(11_000);
    progress.finish();
    expect(lines.at(-1)).toBe('features: 600 images in 30 s (20 images/s)\n');
  });

  it('leaves out of the rate what an earlier run did', () => {
    const progress = startProgress('training', 1000, 'steps', 900);
    vi.advanceTimersByTime(10_000);
    progress.update(910);
    expect(lines).toEqual(['training 91% (910/1000 steps, 1.0 steps/s, 1 min 30 s left)\n']);
    progress.stop('training: interrupted');
    expect(lines.at(-1)).toBe('training: interrupted\n');
  });

  it('survives a total of nothing', () => {
    const progress = startProgress('features', 0, 'images');
    vi.advanceTimersByTime(10_000);
    progress.update(0);
    progress.finish();
    expect(lines.join('')).not.toMatch(/NaN|Infinity/);
  });
});
