// The budgets of scripts/browser-check.mjs as tables in the READMEs of the packages.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './node-runtime.mjs';
import { publishedPackages } from './release/published-packages.mjs';

const BEGINS = '<!-- budgets: printed by `pnpm print-budgets` -->';
const ENDS = '<!-- /budgets -->';

/** Programs. */
const NOT_FOR_PAGES = ['@cf/trainer', '@cf/create', '@cf/mpi'];

/** The READMEs that have a place for a table: the package's name, the file, what should stand in it, and whether it does. */
export function readmesWithBudgets(budgets) {
  return publishedPackages(root).flatMap(({ path, manifest: { name } }) => {
    const file = join(path, 'README.md');
    const text = readFileSync(file, 'utf8');
    const own = budgets.filter(({ from }) => from === name || from.startsWith(`${name}/`));
    if (own.length === 0 && NOT_FOR_PAGES.includes(name)) return [];
    const wanted = withTable(text, own);
    return [{ name, file, wanted, isCurrent: wanted === text }];
  });
}

/** @returns the README with its table; undefined where it has no place for one. */
function withTable(readme, budgets) {
  const [begin, end] = [readme.indexOf(BEGINS), readme.indexOf(ENDS)];
  if (begin < 0 || end < begin) return undefined;
  return `${readme.slice(0, begin)}${BEGINS}\n\n${table(budgets)}\n\n${readme.slice(end)}`;
}

function table(budgets) {
  const rows = budgets.map(({ of, names, from, budget }) => {
    const imports = names === '*' ? `\`import * from '${from}'\`` : `\`import { ${names} } from '${from}'\``;
    const rest = of
      .split(', ')
      .slice(1)
      .filter((part) => /^with /.test(part))
      .join(', ');
    return [`${imports}${rest === '' ? '' : `, ${rest}`}`, `${(budget / 1000).toFixed(1)} kB`];
  });
  const all = [['import', 'at most'], ...rows];
  const widths = [0, 1].map((column) => Math.max(...all.map((row) => row[column].length)));
  const line = ([what, most]) => `| ${what.padEnd(widths[0])} | ${most.padStart(widths[1])} |`;
  const rule = `| ${'-'.repeat(widths[0])} | ${'-'.repeat(widths[1] - 1)}: |`;
  return [line(all[0]), rule, ...rows.map(line)].join('\n');
}
