import type { Rule } from '../rule.ts';

/** The elements stay in their order: the gradient takes the shape that the input had. */
const gradient: Rule['gradient'] = ({ graph, dy, x }) => [() => graph.reshapeLike(dy, x)];

export const flatten: Rule = { operator: 'Flatten', gradient };
export const reshape: Rule = { operator: 'Reshape', inputs: [0], gradient };
export const squeeze: Rule = { operator: 'Squeeze', inputs: [0], gradient };
export const unsqueeze: Rule = { operator: 'Unsqueeze', inputs: [0], gradient };
