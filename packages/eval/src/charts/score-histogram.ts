import { type OptionNames, OptionOutOfRangeError, requireKnownOptions } from '@cf/core';
import type { TopLevelSpec } from 'vega-lite';
import { checkScores } from '../verification/labelled-pairs.ts';
import type { ChartSize } from './chart-size.ts';
import { type Domain, LARGEST_DRAWN, linearDomain } from './domain.ts';
import { chartTitle, renderSvg } from './render.ts';
import { GENUINE_COLOUR, IMPOSTOR_COLOUR } from './style.ts';

/** What {@link scoreHistogram} draws. */
export interface ScoreHistogramOptions extends ChartSize {
  /** `[P]` scores of pairs of one identity. */
  readonly genuine: ArrayLike<number>;
  /** `[Q]` scores of pairs of two identities. */
  readonly impostor: ArrayLike<number>;
  /** 'Scores' if left out. */
  readonly title?: string | undefined;
  /** 'cosine similarity' if left out. */
  readonly xTitle?: string | undefined;
  /** A threshold to mark. */
  readonly threshold?: number | undefined;
  /** About how many bins, an integer from 1 to 1000; 50 if left out. The width of a bin is a round number. */
  readonly bins?: number | undefined;
}

type Layer = Extract<TopLevelSpec, { layer: unknown }>['layer'][number];

/** Height of the picture over that of the highest bin: room for the name of the threshold. */
const HEADROOM = 1.12;

interface Bins {
  readonly edges: readonly number[];
  readonly width: number;
}

/** A corner of the outline: the share of this kind of pairs in the bin that begins at `x`. */
interface Corner {
  readonly kind: 'genuine' | 'impostor';
  readonly x: number;
  readonly share: number;
}

const OPTIONS: OptionNames<ScoreHistogramOptions> = {
  genuine: true,
  impostor: true,
  title: true,
  xTitle: true,
  threshold: true,
  bins: true,
  width: true,
  height: true,
};

/**
 * Distributions of genuine and impostor scores as an SVG picture.
 *
 * Heights are shares of each kind, so that few genuine pairs show beside many impostor pairs.
 *
 * @returns A complete `<svg>` element, 560 × 320 CSS pixels unless told otherwise.
 * @throws NonFiniteError (`E_NON_FINITE`) for a score that is not finite.
 * @throws OptionOutOfRangeError (`E_OPTION_RANGE`) for a number of bins outside 1 … 1000.
 */
export async function scoreHistogram(options: ScoreHistogramOptions): Promise<string> {
  requireKnownOptions('scoreHistogram', options, OPTIONS);
  const count = options.bins ?? 50;
  if (!Number.isInteger(count) || count < 1 || count > 1000) {
    throw new OptionOutOfRangeError('bins', count, 'an integer from 1 to 1000', 'leave it out for 50 bins.');
  }
  checkScores('genuine', options.genuine);
  checkScores('impostor', options.impostor);
  const drawn = [...Array.from(options.genuine), ...Array.from(options.impostor)].map(toDrawn);
  const bins = roundBins(linearDomain(drawn), count);
  const corners = [
    ...outline('genuine', options.genuine, bins),
    ...outline('impostor', options.impostor, bins),
  ];
  const title = options.title ?? 'Scores';
  const description = `${title}: distribution of ${options.genuine.length} genuine and ${options.impostor.length} impostor scores`;
  return renderSvg(histogramSpec(options, title, corners, bins), options, description);
}

function histogramSpec(
  options: ScoreHistogramOptions,
  titleText: string,
  corners: readonly Corner[],
  bins: Bins,
): TopLevelSpec {
  const title = chartTitle(titleText, corners.length > 0, options);
  const domain = [bins.edges[0]!, bins.edges.at(-1)!];
  const peak = corners.reduce((highest, { share }) => Math.max(highest, share), 0);
  const distributions = {
    data: { values: [...corners] },
    mark: {
      type: 'area' as const,
      interpolate: 'step-after' as const,
      order: false,
      fillOpacity: 0.35,
      line: { strokeWidth: 1.5 },
    },
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative' as const,
        scale: { domain, nice: false, zero: false },
        axis: { title: options.xTitle ?? 'cosine similarity', grid: false, tickCount: 8 },
      },
      y: {
        field: 'share',
        type: 'quantitative' as const,
        scale: { domain: [0, peak * HEADROOM || 1], nice: false },
        stack: null,
        axis: { title: 'share of pairs', format: '~%', tickCount: 5 },
      },
      color: {
        field: 'kind',
        type: 'nominal' as const,
        scale: { domain: ['genuine', 'impostor'], range: [GENUINE_COLOUR, IMPOSTOR_COLOUR] },
        legend: {},
      },
    },
  };
  const { threshold } = options;
  if (threshold === undefined || !(threshold >= domain[0]! && threshold <= domain[1]!)) {
    return { title, ...distributions };
  }
  return { title, layer: [distributions, ...thresholdLayers(threshold, domain)] };
}

/** A dashed line and its value, written on the side that has more room. */
function thresholdLayers(threshold: number, domain: readonly number[]): Layer[] {
  const onRight = threshold < (domain[0]! + domain[1]!) / 2;
  const x = { datum: threshold, type: 'quantitative' } as const;
  const data = { values: [{}] };
  return [
    {
      data,
      mark: { type: 'rule', strokeDash: [4, 3], color: 'currentColor', opacity: 0.8 },
      encoding: { x },
    },
    {
      data,
      mark: {
        type: 'text',
        align: onRight ? 'left' : 'right',
        baseline: 'top',
        color: 'currentColor',
        dx: onRight ? 6 : -6,
        fontSize: 12,
        text: `threshold ${threshold.toFixed(3)}`,
      },
      encoding: { x, y: { value: 0 } },
    },
  ];
}

/** Bins of round width, at round edges, that cover the domain. */
function roundBins([low, high]: Domain, count: number): Bins {
  const width = roundWidth((high - low) / count);
  const first = Math.floor(low / width);
  const last = Math.max(first + 1, Math.ceil(high / width));
  return { width, edges: Array.from({ length: last - first + 1 }, (_, k) => (first + k) * width) };
}

/** The nearest 1, 2 or 5 times a power of ten, by ratio. */
function roundWidth(width: number): number {
  const power = 10 ** Math.floor(Math.log10(width));
  const mantissa = width / power;
  // Between neighbours the geometric mean decides: √2, √10, √50.
  if (mantissa < Math.SQRT2) return power;
  if (mantissa < Math.sqrt(10)) return 2 * power;
  return mantissa < Math.sqrt(50) ? 5 * power : 10 * power;
}

function outline(kind: Corner['kind'], scores: ArrayLike<number>, { edges, width }: Bins): Corner[] {
  if (scores.length === 0) return [];
  const counts = new Array<number>(edges.length - 1).fill(0);
  for (let index = 0; index < scores.length; index++) {
    const bin = Math.floor((scores[index]! - edges[0]!) / width);
    counts[Math.min(counts.length - 1, Math.max(0, bin))]! += 1;
  }
  const corners = counts.map((number, bin) => ({ kind, x: edges[bin]!, share: number / scores.length }));
  return [{ kind, x: edges[0]!, share: 0 }, ...corners, { kind, x: edges.at(-1)!, share: 0 }];
}

/** Scores beyond what an axis can show fall into the bins at its ends. */
function toDrawn(score: number): number {
  return Math.max(-LARGEST_DRAWN, Math.min(LARGEST_DRAWN, score));
}
