import { readdirSync, readFileSync } from 'node:fs';
import { ruleOf, supportedOperators } from '../gradient/rule-table.ts';
import { createNode } from '../model/node.ts';
import { WRITTEN_OUT } from '../upgrade/written-out/write-out.ts';
import type { GradientCase } from './gradient-case.ts';
import { casesIn } from './gradient-cases.ts';

const [BEGIN, END] = ['<!-- operators -->', '<!-- /operators -->'];

/** The section of FEATURES.md that says which operators have gradients, and how each was tried. */
export async function operatorsSection(): Promise<string> {
  const files = [...(await casesIn(RULES)).values(), ...(await casesIn(WRITINGS)).values()];
  const cases = files.flat();
  const tests = testSources();
  const rows = supportedOperators().map((operator) =>
    rowOf(operator, {
      cases: cases.filter((given) => given.operator === operator && given.domain === undefined),
      fixtures: FIXTURES.filter((given) => given.operator === operator).length,
      tests: [...tests].filter(([, text]) => text.includes(`'${operator}'`)).map(([file]) => file),
    }),
  );
  const fused = WRITTEN_OUT.filter(({ domain }) => domain !== '').map(({ domain, operator }) =>
    rowOf(`${domain}.${operator}`, {
      cases: cases.filter((given) => given.operator === operator && given.domain === domain),
      fixtures: 0,
      tests: [],
    }),
  );
  return [BEGIN, HEADER, ...[...rows, ...OLD].sort(byName), ...fused.sort(), END, ''].join('\n');
}

/** Operators that later opsets call otherwise: what an upgrade makes of them has gradients. */
const OLD: readonly string[] = [
  '| Scatter | 9 | ✓ | written out | `upgrade/old-forms.test.ts` |',
  '| Upsample | 7, 8, 9 | ✓ | written out | `upgrade/old-forms.test.ts` |',
];

function byName(a: string, b: string): number {
  const [left, right] = [a, b].map((row) => row.split(' ')[1]!) as [string, string];
  return left < right ? -1 : Number(left > right);
}

/** A page with its section replaced, or put at its end. */
export function withOperators(page: string, section: string): string {
  const at = page.indexOf(BEGIN);
  return `${at < 0 ? `${page}\n` : page.slice(0, at)}${section}`;
}

/** How the gradients of an operator were tried. */
interface Proof {
  readonly cases: readonly GradientCase[];
  /** Values of PyTorch that it is compared with. */
  readonly fixtures: number;
  /** Other tests that name the operator. */
  readonly tests: readonly string[];
}

function rowOf(operator: string, { cases, fixtures, tests }: Proof): string {
  const opsets = [...new Set(cases.flatMap((given) => given.opsets ?? [17]))].sort((a, b) => a - b);
  const inputs = ruleOf(createNode('', operator, [], []))?.inputs;
  const isWritten = WRITTEN_OUT.some(
    ({ domain, operator: name }) => operator === (domain ? `${domain}.${name}` : name),
  );
  const gradients = isWritten
    ? 'written out'
    : inputs === undefined
      ? 'all inputs'
      : inputs.length === 0
        ? 'none flows'
        : `input ${inputs.map((i) => i + 1).join(', ')}`;
  const proof = [
    ...(cases.length > 0 ? [counted(cases.length, 'case')] : []),
    ...(fixtures > 0 ? [counted(fixtures, 'comparison', 's with PyTorch')] : []),
    ...tests.map((file) => `\`${file}\``),
  ];
  const shapes = cases.length > 0 ? '✓' : '';
  return `| ${operator} | ${opsets.join(', ')} | ${shapes} | ${gradients} | ${proof.join(', ') || 'none yet'} |`;
}

function counted(count: number, what: string, plural: string = 's'): string {
  return `${count} ${what}${count === 1 ? plural.slice(1) : plural}`;
}

/** Tests of rules that are not made of cases, by file. */
function testSources(): ReadonlyMap<string, string> {
  const files = readdirSync(RULES, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.test.ts'),
  );
  return new Map(
    files.sort().map((file) => [file.replaceAll('\\', '/'), readFileSync(new URL(file, RULES), 'utf8')]),
  );
}

const WRITINGS = new URL('../upgrade/written-out/', import.meta.url);
const RULES = new URL('../gradient/rules/', import.meta.url);

const FIXTURES: readonly { readonly operator: string }[] = JSON.parse(
  readFileSync(new URL('../../fixtures/pytorch-gradients.json', import.meta.url), 'utf8'),
).cases;

const HEADER = `
Operators that \`@cf/onnx\` takes gradients through. A case is one use of an operator, at each of the opsets whose form it
is: what shape inference says of it is compared with what onnxruntime computes (✓), and every gradient with central
differences. What is written out becomes other operators first (those of \`com.microsoft\` are what onnxruntime's
optimiser makes). Other tests in \`packages/onnx/src/gradient/rules\` that name the operator stand beside. Models below opset 17
are brought to 17 first. Printed by \`pnpm print-operators\` in \`packages/onnx\`.

| operator | opsets tried | forward | gradient of | proof |
| --- | --- | --- | --- | --- |`;
