import type { Rules } from '../../rule.ts';
import { softsign } from './softsign.ts';

/** Operators that compute one number from one, or from those in the same place. */
export const elementwise: Rules = {
  Softsign: softsign,
};
