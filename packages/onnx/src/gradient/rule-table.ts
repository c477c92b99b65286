import { isStandardDomain, type Node } from '../model/model.ts';
import type { Rule } from './rule.ts';
import { arithmetic } from './rules/arithmetic.ts';
import { batchNormalization } from './rules/batch-normalization.ts';
import { concat } from './rules/concat.ts';
import { dropout } from './rules/dropout.ts';
import { elementwise } from './rules/elementwise/elementwise.ts';
import { extremes } from './rules/extremes.ts';
import { gelu } from './rules/gelu.ts';
import { gemm } from './rules/gemm.ts';
import { layout } from './rules/layout.ts';
import { matMul } from './rules/matmul.ts';
import { normalization } from './rules/normalization.ts';
import { powers } from './rules/powers.ts';
import { rectifiers } from './rules/rectifiers.ts';
import { recurrent } from './rules/recurrent/recurrent.ts';
import { reductions } from './rules/reduce.ts';
import { select } from './rules/select.ts';
import { sigmoids } from './rules/sigmoids.ts';
import { softmax } from './rules/softmax.ts';
import { where } from './rules/where.ts';
import { windows } from './rules/windows/windows.ts';

const FAMILIES = [
  arithmetic,
  batchNormalization,
  concat,
  dropout,
  elementwise,
  extremes,
  gelu,
  gemm,
  layout,
  matMul,
  normalization,
  powers,
  rectifiers,
  recurrent,
  reductions,
  select,
  sigmoids,
  softmax,
  where,
  windows,
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
