import type { Rule } from '../../rule.ts';

/** What comes out depends on the shape, or on the order, of what goes in: no gradient flows. */
export const noFlow: Rule = { inputs: [], gradient: () => [] };
