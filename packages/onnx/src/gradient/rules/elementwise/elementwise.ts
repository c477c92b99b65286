import type { Rules } from '../../rule.ts';
import { arithmetic } from './arithmetic.ts';
import { elu } from './elu.ts';
import { extremes } from './extremes.ts';
import { gelu } from './gelu.ts';
import { mod } from './mod.ts';
import { pow } from './pow.ts';
import { powers } from './powers.ts';
import { rectifiers } from './rectifiers.ts';
import { sigmoids } from './sigmoids.ts';
import { smoothRectifiers } from './smooth-rectifiers.ts';
import { softsign } from './softsign.ts';
import { steps } from './steps.ts';
import { thresholds } from './thresholds.ts';
import { trigonometry } from './trigonometry.ts';
import { where } from './where.ts';

/** Operators that compute one number from one, or from those in the same place. */
export const elementwise: Rules = {
  ...arithmetic,
  ...elu,
  ...extremes,
  ...gelu,
  ...powers,
  ...rectifiers,
  ...sigmoids,
  ...smoothRectifiers,
  ...steps,
  ...thresholds,
  ...trigonometry,
  ...where,
  Mod: mod,
  Pow: pow,
  Softsign: softsign,
};
