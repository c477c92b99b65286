import { requireInteger } from '@cf/core';
import { Command } from 'commander';
import { formatSearch, measureSearch, type SearchTask } from '../bench/embedding/measure-search.ts';
import { number } from './options.ts';

interface SearchBenchFlags extends SearchTask {
  readonly json: boolean;
}

const EXAMPLES = `
Embeddings are drawn, four of each identity; every one is compared. Memory: 4 bytes a number.

Examples:
  cf bench search
  cf bench search --rows 1000000 --dim 512 --json
  cf bench search --rows 14000 --dim 128 --threshold --pairs 10000000
`;

/** `cf bench search`. */
export function benchSearchCommand(): Command {
  return new Command('search')
    .description('Milliseconds of a search among known people.')
    .option('--rows <n>', 'embeddings that are known', number, 100_000)
    .option('--dim <n>', 'length of an embedding', number, 512)
    .option('--runs <n>', 'times that each is measured; the middle one is told', number, 5)
    .option('--threshold', 'also find the threshold of a FAR from their impostor pairs', false)
    .option('--pairs <n>', 'scored pairs to take accuracy, ROC and rates of as well', number, 0)
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', EXAMPLES)
    .action(({ json, ...task }: SearchBenchFlags) => {
      requireInteger('rows', task.rows, 4, 1e8);
      requireInteger('dim', task.dim, 1, 65_536);
      requireInteger('runs', task.runs, 1, 1000);
      if (task.pairs !== 0) requireInteger('pairs', task.pairs, 2, 1e8);
      const measured = measureSearch(task);
      console.log(json ? JSON.stringify(measured) : formatSearch(measured));
    });
}
