import {
  type AdamWOptions,
  adamw,
  type LearnerOptimiser,
  type LearnerOptimiserOptions,
  learnerOptimiser,
  type SgdOptions,
  sgd,
} from '@cf/training';

/** An optimiser as the fixtures have it: plain data. */
export type OptimiserData = Omit<LearnerOptimiserOptions, 'rule'> &
  (({ readonly name: 'sgd' } & SgdOptions) | ({ readonly name: 'adamw' } & AdamWOptions));

/** The optimiser that plain data says. */
export function optimiserOf(data: OptimiserData): LearnerOptimiser {
  const { weightDecay, groups, clipNorm, ...named } = data;
  const { name, ...options } = named;
  return learnerOptimiser({
    rule: name === 'sgd' ? sgd(options) : adamw(options),
    ...(weightDecay === undefined ? {} : { weightDecay }),
    ...(groups && { groups }),
    ...(clipNorm === undefined ? {} : { clipNorm }),
  });
}
