import { type OptionNames, requireKnownOptions } from '@cf/core';
import type { TopLevelSpec } from 'vega-lite';
import type { ChartTitles } from './chart-size.ts';
import { LARGEST_DRAWN, linearDomain } from './domain.ts';
import { PALETTE } from './palette.ts';
import { chartTitle, renderSvg } from './render.ts';

/** What {@link scatterChart} draws. */
export interface ScatterChartOptions extends ChartTitles {
  readonly points: readonly ScatterPoint[];
}

/** A point, and what it belongs to: points of one group have one colour and shape. */
export interface ScatterPoint {
  readonly x: number;
  readonly y: number;
  readonly group: string;
}

const SHAPES = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down'];

const OPTIONS: OptionNames<ScatterChartOptions> = {
  points: true,
  title: true,
  xTitle: true,
  yTitle: true,
  width: true,
  height: true,
};

/**
 * Points of groups, such as the pictures of people, as an SVG picture. Both axes have one scale, so that distances are
 * distances. After 48 groups colours and shapes begin anew. What is not finite is left out.
 *
 * @returns A complete `<svg>` element, 560 × 560 CSS pixels unless told otherwise.
 */
export async function scatterChart(options: ScatterChartOptions): Promise<string> {
  requireKnownOptions('scatterChart', options, OPTIONS);
  const { title, xTitle, yTitle, width = 560, height = 560 } = options;
  const groups = new Map<string, number>();
  const points = options.points
    .filter(({ x, y }) => Math.abs(x) <= LARGEST_DRAWN && Math.abs(y) <= LARGEST_DRAWN)
    .map(({ x, y, group }) => {
      if (!groups.has(group)) groups.set(group, groups.size);
      const at = groups.get(group)!;
      const colour = PALETTE[at % PALETTE.length]!;
      const shape = SHAPES[Math.floor(at / PALETTE.length) % SHAPES.length]!;
      return { x, y, colour, shape };
    });
  const reach = (values: readonly number[]): { readonly middle: number; readonly half: number } => {
    const [low, high] = linearDomain(values);
    return { middle: (low + high) / 2, half: (high - low) / 2 };
  };
  const [across, up] = [reach(points.map(({ x }) => x)), reach(points.map(({ y }) => y))];
  const half = 1.05 * Math.max(across.half, up.half);
  const axis = (field: 'x' | 'y', { middle }: typeof across, axisTitle: string): object => ({
    field,
    type: 'quantitative',
    scale: { domain: [middle - half, middle + half], nice: false, zero: false },
    axis: { title: axisTitle, tickCount: 5 },
  });
  const raw = (field: 'colour' | 'shape'): object => ({ field, type: 'nominal', scale: null, legend: null });
  const spec: TopLevelSpec = {
    title: chartTitle(title, points.length > 0, options),
    data: { values: points },
    mark: { type: 'point', filled: true, opacity: 0.85, size: 36 },
    encoding: {
      x: axis('x', across, xTitle),
      y: axis('y', up, yTitle),
      color: raw('colour'),
      shape: raw('shape'),
    },
  };
  return renderSvg(spec, { width, height }, `${title}: ${points.length} points of ${groups.size} groups`);
}
