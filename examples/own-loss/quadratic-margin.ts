import { type LossParameters, type MarginLoss, marginLoss } from '@cf/core';

/** Options, and what each is given as: `cf train --loss` checks them. */
export const options = { scale: 'number', margin: 'number' } as const;

/** T = cos θ − (m/4)·(1 − cos θ)²: no margin for a sample on its class center, m for one at the far side. */
export default function quadraticMargin({ scale = 64, margin = 0.5 }: LossParameters = {}): MarginLoss {
  return marginLoss({
    name: 'quadratic-margin',
    scale: scale as number,
    margin: {
      name: 'quadratic',
      onSphere: true,
      target: (ops, { cos }) => {
        const m = ops.constant(margin as number, 'm');
        const one = ops.constant(1);
        const distance = ops.sub(one, cos);
        const squared = ops.mul(distance, distance);
        const value = ops.sub(cos, ops.mul(ops.mul(ops.constant(0.25), m), squared));
        return {
          value,
          dCos: ops.add(one, ops.mul(ops.mul(ops.constant(0.5), m), distance)),
          dNorm: ops.constant(0),
          pivot: value,
          pastPi: ops.greater(cos, ops.constant(2)),
        };
      },
    },
  });
}
