import { isStandardDomain, type Node } from '../model/model.ts';
import { WRITTEN_OUT } from '../upgrade/written-out/write-out.ts';
import type { Rule } from './rule.ts';
import { elementwise } from './rules/elementwise/elementwise.ts';
import { indexing } from './rules/indexing/indexing.ts';
import { layout } from './rules/layout/layout.ts';
import { normalizations } from './rules/normalizations/normalizations.ts';
import { products } from './rules/products/products.ts';
import { recurrent } from './rules/recurrent/recurrent.ts';
import { reductions } from './rules/reductions/reductions.ts';
import { windows } from './rules/windows/windows.ts';

const FAMILIES = [elementwise, indexing, layout, normalizations, products, recurrent, reductions, windows];

const BY_OPERATOR: ReadonlyMap<string, Rule> = new Map(FAMILIES.flatMap((rules) => Object.entries(rules)));

/** The rule of a node's operator, if that is a standard one and has a rule. */
export function ruleOf({ domain, opType }: Node): Rule | undefined {
  return isStandardDomain(domain) ? BY_OPERATOR.get(opType) : undefined;
}

/** Standard operators that `gradient` goes through, by a rule or written out, in alphabetical order. */
export function supportedOperators(): readonly string[] {
  const written = WRITTEN_OUT.filter(({ domain }) => domain === '').map(({ operator }) => operator);
  return [...BY_OPERATOR.keys(), ...written].sort();
}
