import { ofFirst, type Rule } from '../../rule.ts';

/** Between float types the gradient is cast back; a cast to integers cuts the path, for no gradient arrives. */
export const cast: Rule = ofFirst(({ graph, dy, x }) => graph.cast(dy, x));
