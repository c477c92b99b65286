import type { Rules } from '../../rule.ts';
import { logarithms } from './logarithms.ts';
import { means } from './means.ts';
import { norms } from './norms.ts';
import { picked } from './picked.ts';
import { reduceProd } from './reduce-prod.ts';

/** One number for all elements along some axes. */
export const reductions: Rules = { ...means, ...norms, ...logarithms, ...picked, ReduceProd: reduceProd };
