import { ofFirst, type Rules } from '../../rule.ts';
import { affineGrid } from './affine-grid.ts';
import { cumSum } from './cum-sum.ts';
import { gather } from './gather.ts';
import { gatherElements } from './gather-elements.ts';
import { gridSample } from './grid-sample.ts';
import { noFlow } from './no-flow.ts';
import { oneHot } from './one-hot.ts';
import { pickedGradient } from './picked.ts';
import { same } from './same.ts';
import { scatterElements, scatterNd } from './scatter.ts';
import { slice } from './slice.ts';
import { topK } from './top-k.ts';

/** Parts of X, X as a part, and sums along an axis. */
export const indexing: Rules = {
  AffineGrid: affineGrid,
  ArgMax: noFlow,
  ArgMin: noFlow,
  ConstantOfShape: noFlow,
  CumSum: cumSum,
  EyeLike: noFlow,
  Gather: gather,
  GatherElements: gatherElements,
  /** Y = elements or slices of X at indices into several axes. */
  GatherND: ofFirst(pickedGradient),
  GridSample: gridSample,
  NonZero: noFlow,
  OneHot: oneHot,
  Range: noFlow,
  ReverseSequence: same,
  ScatterElements: scatterElements,
  ScatterND: scatterNd,
  Shape: noFlow,
  Size: noFlow,
  Slice: slice,
  TopK: topK,
  Trilu: same,
};
