import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { supportedOperators } from './index.ts';

test('the README lists the operators that have a rule, and no others', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const table = readme.slice(readme.indexOf('## Operators'), readme.indexOf('## How convolutions'));
  const listed = [...table.matchAll(/^\| ([A-Z][A-Za-z, ]*)\|/gm)]
    .flatMap(([, names]) => names!.trim().split(', '))
    .filter((name) => name !== 'Operators');
  expect(listed.sort()).toEqual(supportedOperators());
});
