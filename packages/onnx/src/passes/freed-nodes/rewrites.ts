import { freeConcat } from './concat.ts';
import { freeExpand } from './expand.ts';
import { freeRecurrent } from './recurrent.ts';
import { freeReshape } from './reshape.ts';
import { freeResize } from './resize.ts';
import type { Rewrite } from './rewriting.ts';
import { freeSqueeze } from './squeeze.ts';

/** Operators that may hold a batch in their constants. */
export const REWRITES: Readonly<Record<string, Rewrite>> = {
  Reshape: freeReshape,
  Squeeze: freeSqueeze,
  Expand: freeExpand,
  Concat: freeConcat,
  Resize: freeResize,
  LSTM: freeRecurrent,
  GRU: freeRecurrent,
  RNN: freeRecurrent,
};
