import type { Rules } from '../../rule.ts';
import { averagePool } from './average-pool.ts';
import { col2im } from './col2im.ts';
import { conv } from './conv.ts';
import { convTranspose } from './conv-transpose.ts';
import { globalMaxPool } from './global-max-pool.ts';
import { globalLpPool, lpPool } from './lp-pool.ts';
import { maxPool } from './max-pool.ts';
import { maxUnpool } from './max-unpool.ts';

/** Operators that slide a window over positions, and those whose window is all of a channel. */
export const windows: Rules = {
  AveragePool: averagePool,
  Col2Im: col2im,
  Conv: conv,
  ConvTranspose: convTranspose,
  GlobalLpPool: globalLpPool,
  GlobalMaxPool: globalMaxPool,
  LpPool: lpPool,
  MaxPool: maxPool,
  MaxUnpool: maxUnpool,
};
