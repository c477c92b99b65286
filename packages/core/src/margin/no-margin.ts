import { never } from './never.ts';
import type { TargetMargin } from './target-margin.ts';

/** T(c) = c: softmax, NormFace. The pivot is the target's own cosine. */
export const noMargin: TargetMargin = {
  name: 'none',
  onSphere: false,
  target: (ops, { cos }) => ({
    value: cos,
    dCos: ops.constant(1),
    dNorm: ops.constant(0),
    pivot: cos,
    pastPi: never(ops),
  }),
};
