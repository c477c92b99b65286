import { ruleOf, supportedOperators } from '../gradient/rule-table.ts';
import { createNode } from '../model/node.ts';
import type { GradientCase } from './gradient-case.ts';
import { casesIn } from './gradient-cases.ts';

const [BEGIN, END] = ['<!-- operators -->', '<!-- /operators -->'];

/** The section of FEATURES.md that says which operators have gradients, and how each was tried. */
export async function operatorsSection(): Promise<string> {
  const files = await casesIn(new URL('../gradient/rules/', import.meta.url));
  const cases = [...files.values()].flat();
  const rows = supportedOperators().map((operator) =>
    rowOf(
      operator,
      cases.filter((given) => given.operator === operator),
    ),
  );
  return [BEGIN, HEADER, ...rows, END, ''].join('\n');
}

/** A page with its section replaced, or put at its end. */
export function withOperators(page: string, section: string): string {
  const at = page.indexOf(BEGIN);
  return `${at < 0 ? `${page}\n` : page.slice(0, at)}${section}`;
}

function rowOf(operator: string, cases: readonly GradientCase[]): string {
  const opsets = [...new Set(cases.flatMap((given) => given.opsets ?? [17]))].sort((a, b) => a - b);
  const inputs = ruleOf(createNode('', operator, [], []))?.inputs;
  const gradients = inputs === undefined ? 'all inputs' : `input ${inputs.map((i) => i + 1).join(', ')}`;
  const proof =
    cases.length === 0
      ? 'central differences over drawn shapes'
      : `${cases.length} cases, central differences`;
  return `| ${operator} | ${opsets.join(', ') || '17'} | ✓ | ${gradients} | ${proof} |`;
}

const HEADER = `
Operators that \`@cf/onnx\` takes gradients through. Opsets are those whose form is tried; models below 17 are brought to
17 first. Printed by \`pnpm print-operators\` in \`packages/onnx\`.

| operator | opsets tried | forward | gradient of | proof |
| --- | --- | --- | --- | --- |`;
