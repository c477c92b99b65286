import { describe, expect, it } from 'vitest';
import { overlaps, svgProblem, textsOf } from '../testing/svg.ts';
import { scoreHistogram } from './score-histogram.ts';

const genuine = Array.from({ length: 500 }, (_, i) => 0.5 + 0.2 * Math.sin(i));
const impostor = Array.from({ length: 5000 }, (_, i) => 0.2 * Math.sin(i * 1.3));

describe('scoreHistogram', () => {
  it('draws both distributions and the threshold', async () => {
    const svg = await scoreHistogram({ genuine, impostor, threshold: 0.25, title: 'Pairs' });
    expect(svgProblem(svg)).toBeUndefined();
    expect(svg).toContain('aria-label="Pairs: distribution of 500 genuine and 5000 impostor scores"');
    for (const text of [
      'Pairs',
      'genuine',
      'impostor',
      'threshold 0.250',
      'cosine similarity',
      'share of pairs',
    ]) {
      expect(svg).toContain(`>${text}</text>`);
    }
    expect(svg.match(/mark-area role-mark/g)).toHaveLength(2);
    expect(svg).toMatch(/mark-rule role-mark[^>]*><line/);
    expect(overlaps(textsOf(svg, 'mark-text role-axis-label'))).toEqual([]);
  });

  it('heights are shares of each kind', async () => {
    const svg = await scoreHistogram({ genuine: [0.1, 0.9], impostor: [0.9, 0.9, 0.9, 0.1], bins: 2 });
    const labels = textsOf(svg, 'mark-text role-axis-label', 1).map(({ text }) => text);
    // The highest bin holds three of four impostor pairs.
    expect(labels).toContain('80%');
    expect(labels).not.toContain('100%');
  });

  it.each([
    ['nothing', [], []],
    ['one kind', [0.5], []],
    ['one score', [0.5, 0.5], [0.5]],
    ['zeros', [0], [0]],
    ['tiny differences', [1 + 1e-12], [1]],
    ['large numbers', [1e9], [-1e9]],
    ['the largest numbers', [1e308], [-1e308]],
  ])('survives %s', async (name, genuineScores, impostorScores) => {
    const svg = await scoreHistogram({ genuine: genuineScores, impostor: impostorScores });
    expect(svgProblem(svg)).toBeUndefined();
    expect(svg.includes('no data')).toBe(name === 'nothing');
  });

  it('takes typed arrays and leaves out a threshold beyond the scores', async () => {
    const svg = await scoreHistogram({
      genuine: new Float64Array([0.5]),
      impostor: new Float32Array([0]),
      threshold: 3,
    });
    expect(svg).not.toContain('threshold');
  });

  it('names what is wrong', async () => {
    await expect(scoreHistogram({ genuine: [1, Number.NaN], impostor })).rejects.toThrow(
      /genuine\[1\] = NaN/,
    );
    await expect(scoreHistogram({ genuine, impostor: [1 / 0] })).rejects.toThrow(/impostor\[0\] = Infinity/);
    await expect(scoreHistogram({ genuine, impostor, bins: 0 })).rejects.toThrow(/bins = 0/);
  });
});
