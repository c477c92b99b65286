import type { Rule } from '../rule.ts';
import { sumToShape } from '../sum-to-shape.ts';

/** Sums what was repeated. */
export const expand: Rule = {
  operator: 'Expand',
  inputs: [0],
  gradient: ({ graph, dy, x, y }) => [() => sumToShape(graph, dy, y, x)],
};
