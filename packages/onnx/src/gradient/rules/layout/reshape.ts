import { ofFirst, type Rule } from '../../rule.ts';

/** The elements stay in their order: the gradient takes the shape that the input had. */
export const reshape: Rule = ofFirst(({ graph, dy, x }) => graph.reshapeLike(dy, x));
