import { expect, test } from 'vitest';
import { lineChart } from './line-chart.ts';
import { stackedCharts } from './stacked-charts.ts';

test('charts stand below each other in one picture', async () => {
  const chart = (title: string, height: number): Promise<string> =>
    lineChart({
      title,
      xTitle: 'x',
      yTitle: 'y',
      height,
      series: [
        {
          name: 'a',
          points: [
            { x: 0, y: 1 },
            { x: 2, y: 3 },
          ],
        },
      ],
    });
  const svg = stackedCharts([await chart('First', 200), await chart('Second', 300)]);
  expect(svg).toMatch(/^<svg xmlns="[^"]+" width="560" height="516" viewBox="0 0 560 516"><svg y="0" /);
  expect(svg.match(/<svg y="(\d+)"/g)).toEqual(['<svg y="0"', '<svg y="216"']);
  expect(svg).toContain('First');
  expect(svg).toContain('Second');
  expect(svg.match(/<svg/g)).toHaveLength(3);
  expect(svg.match(/<\/svg>/g)).toHaveLength(3);
});
