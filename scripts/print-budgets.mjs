// Writes the budgets of every import into the READMEs that have a place for them.
import { writeFileSync } from 'node:fs';
import { BUDGETS } from './browser-check.mjs';
import { readmesWithBudgets } from './budget-tables.mjs';

for (const { name, file, wanted } of readmesWithBudgets(BUDGETS)) {
  if (wanted === undefined) throw new Error(`the README of ${name} has no place for its budgets`);
  writeFileSync(file, wanted);
}
