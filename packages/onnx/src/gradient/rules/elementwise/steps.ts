import type { Rule, Rules } from '../../rule.ts';

/** Constant almost everywhere: no gradient flows through it, as 0 is what it would be. */
const step: Rule = { inputs: [], gradient: () => [] };

/** Operators whose slope is 0 wherever they have one. */
export const steps: Rules = { Sign: step, Floor: step, Ceil: step, Round: step, Hardmax: step };
