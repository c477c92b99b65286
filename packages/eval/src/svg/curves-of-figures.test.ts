import { describe, expect, it } from 'vitest';
import { SMALL_ROCS } from '../testing/small-rocs.ts';
import { svgProblem } from '../testing/svg.ts';
import { verify } from '../verification/verify.ts';
import { cmcSvg, detSvg, rocSvg } from './curves-of-figures.ts';

const hundred = verify({
  scores: Array.from({ length: 200 }, (_, i) => 200 - i),
  same: Array.from({ length: 200 }, (_, i) => (i < 90 || i >= 190 ? 1 : 0)),
});

describe('rocSvg', () => {
  it('draws stairs over decades of FAR, from the TAR without a false accept', () => {
    const svg = rocSvg({ title: 'ROC', series: [{ name: 'model', roc: hundred.roc }] });
    expect(svgProblem(svg)).toBeUndefined();
    for (const text of ['1e-2', '1e-1', '1', '0.90', '1.00', 'false accept rate (FAR)'])
      expect(svg).toContain(`>${text}</text>`);
    expect(svg).toContain('model: from 0.9 at 0.01 to 1 at 1</desc>');
    const [, path] = /<path d="(M0 [^"]*)" stroke="#/.exec(svg)!;
    expect(path).toMatch(/^M0 [\d.]+(H[\d.]+V[\d.]+)+$/);
    expect(path).toMatch(/V0$/);
  });

  it.each(SMALL_ROCS)('survives %s, and so does detSvg', (_, series) => {
    expect(svgProblem(rocSvg({ title: 'ROC', series }))).toBeUndefined();
    expect(svgProblem(detSvg({ title: 'DET', series }))).toBeUndefined();
  });
});

it('detSvg falls over logarithmic axes', () => {
  const svg = detSvg({ title: 'DET', series: [{ name: 'a', roc: hundred.roc }] });
  for (const text of ['false reject rate (1 − TAR)', '1e-1', '1']) expect(svg).toContain(`>${text}</text>`);
});

it('cmcSvg rises over ranks', () => {
  const svg = cmcSvg({ title: 'CMC', series: [{ name: 'a', cmc: [0.7, 0.8, 0.95] }] });
  expect(svgProblem(svg)).toBeUndefined();
  expect(svg).toContain('a: from 0.7 at 1 to 0.95 at 3</desc>');
});
