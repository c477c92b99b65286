import { isStandardDomain, type Node } from '../model/model.ts';
import type { Rule } from './rule.ts';
import { arithmetic } from './rules/arithmetic.ts';
import { batchNormalization } from './rules/batch-normalization.ts';
import { conv } from './rules/conv.ts';
import { dropout } from './rules/dropout.ts';
import { elementwise } from './rules/elementwise/elementwise.ts';
import { extremes } from './rules/extremes.ts';
import { gelu } from './rules/gelu.ts';
import { indexing } from './rules/indexing/indexing.ts';
import { layout } from './rules/layout/layout.ts';
import { normalization } from './rules/normalization.ts';
import { pools } from './rules/pools.ts';
import { powers } from './rules/powers.ts';
import { products } from './rules/products/products.ts';
import { rectifiers } from './rules/rectifiers.ts';
import { reductions } from './rules/reduce.ts';
import { sigmoids } from './rules/sigmoids.ts';
import { softmax } from './rules/softmax.ts';
import { where } from './rules/where.ts';

const FAMILIES = [
  arithmetic,
  batchNormalization,
  conv,
  dropout,
  elementwise,
  extremes,
  gelu,
  indexing,
  layout,
  normalization,
  pools,
  powers,
  rectifiers,
  products,
  reductions,
  sigmoids,
  softmax,
  where,
];

const BY_OPERATOR: ReadonlyMap<string, Rule> = new Map(FAMILIES.flatMap((rules) => Object.entries(rules)));

/** The rule of a node's operator, if that is a standard one and has a rule. */
export function ruleOf({ domain, opType }: Node): Rule | undefined {
  return isStandardDomain(domain) ? BY_OPERATOR.get(opType) : undefined;
}

/** Standard operators that `gradient` goes through, in alphabetical order. */
export function supportedOperators(): readonly string[] {
  return [...BY_OPERATOR.keys()].sort();
}
