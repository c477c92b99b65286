import { describe, expect, it } from 'vitest';
import { REPORT_STYLE } from '../report/report-style.ts';
import { PALETTE } from './palette.ts';

/** Relative luminance by WCAG 2. */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((start) => {
    const channel = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
}

describe('PALETTE', () => {
  const cards = [...REPORT_STYLE.matchAll(/--card: (#\w{6})/g)].map((match) => match[1]!);

  it.each(PALETTE.map((colour) => [colour]))(
    '%s stands out on the light and the dark card (3 : 1)',
    (colour) => {
      expect(cards).toHaveLength(2);
      for (const card of cards) expect(contrast(colour, card)).toBeGreaterThan(3);
    },
  );

  it('has no colour twice', () => {
    expect(new Set(PALETTE).size).toBe(PALETTE.length);
  });
});
