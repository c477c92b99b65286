import type { Rule } from '../rule.ts';

/** Casts to the type of another value, as `cast` does. */
export const castLike: Rule = {
  operator: 'CastLike',
  inputs: [0],
  gradient: ({ graph, dy, x }) => [() => graph.cast(dy, x)],
};

/** Between float types the gradient is cast back; a cast to integers cuts the path, for no gradient arrives. */
export const cast: Rule = {
  operator: 'Cast',
  gradient: ({ graph, dy, x }) => [() => graph.cast(dy, x)],
};
