import {
  type AdamWOptions,
  adamw,
  type LearnerOptimiser,
  type LearnerOptimiserOptions,
  learnerOptimiser,
  type OptimiserRule,
  type SgdOptions,
  sgd,
} from '@cf/training';

/** An optimiser as the fixtures have it: plain data. */
export type OptimiserData = Omit<LearnerOptimiserOptions, 'rule'> &
  (({ readonly name: 'sgd' } & SgdOptions) | ({ readonly name: 'adamw' } & AdamWOptions));

/** The optimiser that plain data says. */
export function optimiserOf(data: OptimiserData): LearnerOptimiser {
  const { weightDecay, groups, clipNorm, ...named } = data;
  return learnerOptimiser({
    rule: ruleOf(named),
    ...(weightDecay === undefined ? {} : { weightDecay }),
    ...(groups && { groups }),
    ...(clipNorm === undefined ? {} : { clipNorm }),
  });
}

function ruleOf(named: Omit<OptimiserData, keyof LearnerOptimiserOptions>): OptimiserRule {
  const { name, ...options } = named;
  return name === 'sgd' ? sgd(options as SgdOptions) : adamw(options as AdamWOptions);
}
