import { ELEMENT_BY_ELEMENT } from '../batch-axis.ts';
import { freeBroadcast } from './broadcast.ts';
import { freeConcat } from './concat.ts';
import { freeExpand } from './expand.ts';
import { freeGather } from './gather.ts';
import { freeRecurrent } from './recurrent.ts';
import { freeReshape } from './reshape.ts';
import { freeResize } from './resize.ts';
import type { Rewrite } from './rewriting.ts';
import { freeSlice, freeSplit } from './slice.ts';
import { freeSqueeze } from './squeeze.ts';
import { freeTile } from './tile.ts';

/** Operators that may hold a batch in their constants. */
export const REWRITES: Readonly<Record<string, Rewrite>> = {
  ...Object.fromEntries([...ELEMENT_BY_ELEMENT].map((operator) => [operator, freeBroadcast])),
  Reshape: freeReshape,
  Squeeze: freeSqueeze,
  Expand: freeExpand,
  Concat: freeConcat,
  Resize: freeResize,
  LSTM: freeRecurrent,
  GRU: freeRecurrent,
  RNN: freeRecurrent,
  Tile: freeTile,
  Slice: freeSlice,
  Split: freeSplit,
  Gather: freeGather,
  MatMul: freeBroadcast,
  Gemm: freeBroadcast,
  GatherElements: freeBroadcast,
  ScatterElements: freeBroadcast,
};
