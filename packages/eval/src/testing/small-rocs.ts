import type { RocChartOptions } from '../charts/roc-lines.ts';
import { verify } from '../verification/verify.ts';

type Series = RocChartOptions['series'];

const seriesOf = (scores: number[]): Series => [{ name: 'a', roc: verify({ scores, same: [1, 0] }).roc }];

/** Series of a ROC with next to nothing in them, by what they are. */
export const SMALL_ROCS: readonly (readonly [what: string, series: Series])[] = [
  ['no series', []],
  ['an empty curve', [{ name: 'a', roc: [] }]],
  ['two pairs, perfect', seriesOf([1, 0])],
  ['two pairs, tied', seriesOf([1, 1])],
  ['two pairs, wrong', seriesOf([0, 1])],
];
