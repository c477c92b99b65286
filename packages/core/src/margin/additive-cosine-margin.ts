import { type OptionNames, requireKnownOptions } from '../errors/option-types.ts';
import { COSINE_MARGIN, requirePublished, type UnsafeOption } from '../errors/published-domain.ts';
import type { TensorOps } from '../ops/tensor-ops.ts';
import { never } from './never.ts';
import type { TargetMargin, TargetPoint, TargetValue } from './target-margin.ts';

type CosineMarginOptions = { readonly easyMargin?: boolean } & UnsafeOption;

const OPTIONS: OptionNames<CosineMarginOptions> = {
  easyMargin: true,
  unsafe: true,
};

/**
 * T = cos θ_y − m: the additive cosine margin of CosFace (Wang et al. 2018, eq. 4) and AM-Softmax.
 *
 * @param margin m as a cosine, 0 ≤ m ≤ 2; unsafe any finite m.
 * @throws OptionOutOfRangeError
 */
export function additiveCosineMargin(
  margin: number,
  options: { readonly easyMargin?: boolean } & UnsafeOption = {},
): TargetMargin {
  requireKnownOptions('additiveCosineMargin', options, OPTIONS);
  return additiveCosineMarginOf(margin, options);
}

/** The same of a loss's options, whose names are checked already. */
export function additiveCosineMarginOf(margin: number, options: CosineMarginOptions): TargetMargin {
  const { easyMargin = false } = options;
  requirePublished('margin', margin, COSINE_MARGIN, options);
  return {
    name: 'additive-cosine',
    // An easy margin asks whether θ is acute.
    onSphere: easyMargin,
    target: (ops, point) => subtractMargin(ops, point, ops.constant(margin, 'm'), easyMargin),
  };
}

/** T = cos θ_y − m for a margin that may differ from sample to sample. */
export function subtractMargin<T, M>(
  ops: TensorOps<T, M>,
  { cos }: TargetPoint<T>,
  margin: T,
  easyMargin: boolean,
): TargetValue<T, M> {
  const zero = ops.constant(0);
  const pivot = ops.sub(cos, margin);
  return {
    value: easyMargin ? ops.select(ops.greater(cos, zero), pivot, cos) : pivot,
    dCos: ops.constant(1),
    dNorm: zero,
    pivot,
    pastPi: never(ops),
  };
}
