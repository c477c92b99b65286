import { ofFirst, type Rule } from '../../rule.ts';
import { sumToShape } from '../../sum-to-shape.ts';

/** Sums what was repeated. */
export const expand: Rule = ofFirst(({ graph, dy, x, y }) => sumToShape(graph, dy, y, x));
