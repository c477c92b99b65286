import {
  type LossData,
  type LossParameters,
  type MarginLoss,
  marginLoss,
  OptionOutOfRangeError,
  subtractMargin,
} from '@cf/core';

/** Options, and what each is given as: `cf train --loss` checks them. */
export const options = { scale: 'number', largest: 'number' } as const;

/**
 * LDAM (Cao et al. 2019, eq. 13): T = cos θ − Δ_y with Δ_j = C/n_j^(1/4), so that classes with few pictures are kept further
 * apart. C is what gives the rarest class the margin `largest`, as in the authors' release.
 *
 * @param data `classCounts`, n_j of every class, in the order of the labels: [classes], integers ≥ 1.
 */
export default function ldam(
  { scale = 30, largest = 0.5 }: LossParameters = {},
  { classCounts }: LossData = {},
): MarginLoss {
  if (classCounts === undefined || !Array.from(classCounts).every((n) => Number.isInteger(n) && n >= 1)) {
    throw new OptionOutOfRangeError('classCounts', classCounts, 'the pictures of every class, integers ≥ 1');
  }
  const rarest = Math.min(...Array.from(classCounts));
  return marginLoss({
    name: 'ldam',
    scale: scale as number,
    // What there is one of a class, `prepare` is given of the samples' classes.
    classValues: { margin: Array.from(classCounts, (n) => (largest as number) * (rarest / n) ** 0.25) },
    sampleValueNames: ['margin'],
    prepare: (_, { ofClass }) => ({ sampleValues: { margin: ofClass.margin! }, next: {} }),
    margin: {
      name: 'label-distribution-aware',
      onSphere: true,
      target: (ops, point, { margin }) => subtractMargin(ops, point, margin!, false),
    },
  });
}
