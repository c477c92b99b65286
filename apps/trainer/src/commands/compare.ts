import { CfError, printable } from '@cf/core';
import { Command } from 'commander';
import { type Comparison, cellsOf } from '../comparison/comparison.ts';
import { DEFAULT_SEEDS } from '../comparison/comparison-file.ts';
import {
  COMPARISON_FILES,
  readCellEnds,
  writeComparison,
  writeJson,
  writeText,
} from '../comparison/comparison-folder.ts';
import { pairTestNotes, tableNotes, tableWithNotes, textTable } from '../comparison/comparison-text.ts';
import { variantDifferences } from '../comparison/resolve-comparison.ts';
import { type CellRunner, cellsInProcesses } from '../comparison/run-cell.ts';
import { isToDo, runComparison } from '../comparison/run-comparison.ts';
import { comparedSettings } from '../comparison/settings-of-file.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { comparisonReport } from '../report/comparison-report.ts';
import { formatSeconds } from '../report/progress.ts';
import { alignedLines } from '../report/text-table.ts';
import { dryRun } from '../run/dry-run.ts';
import { createRunFolder, openRunFolder } from '../run/run-folder.ts';
import { lockRun } from '../run/run-lock.ts';
import { givenFlags } from './explicit-flags.ts';
import { InterruptedError, withInterruption } from './interruption.ts';
import { type CompareFlags, openComparison } from './open-comparison.ts';
import { optionsOf } from './train-options.ts';

/** `cf compare`. @param runCell by default each training runs in a process of its own */
export function compareCommand(runCell?: CellRunner): Command {
  const command = new Command('compare')
    .description(
      'Train several losses or settings with all else equal over several seeds, and test what differs.',
    )
    .option('--losses <names>', 'losses to compare, with commas between them; each is a variant of its name')
    .option('--config <file>', 'variants in YAML or JSON; flags beside it go before its settings')
    .option('--seeds <n>', `how many seeds, 0, 1 …; or a list of them, 0,4,7 (default: ${DEFAULT_SEEDS})`)
    .option('--baseline <variant>', 'what the others are tested against (default: the first)')
    .option('--out <folder>', 'where everything is written')
    .option('--resume <folder>', 'go on with a comparison; what is done is not done again')
    .option('--dry-run', 'tell what would be trained and about how long it takes; write nothing')
    .option('--json', 'print what happens as JSON lines, and nothing else, on the standard output');
  for (const one of comparedSettings())
    for (const option of optionsOf(one)) command.addOption(option.helpGroup(one.title));
  return command.addHelpText('after', EXAMPLES).action(async () => {
    const flags: CompareFlags = givenFlags(command);
    const runner = runCell ?? cellsInProcesses([...process.execArgv, process.argv[1]!]);
    process.exitCode = await withInterruption((signal) => runCompare(flags, runner, signal));
  });
}

const EXAMPLES = `
Every training is a run of cf train in OUT/VARIANT/seed-N. Variants of one seed see the same pictures in the same order, and
start from the same weights and class centers. OUT/report.html has the table, the tests, and the curves on one page.
One that diverges or fails is told in the table. Ctrl-C saves; --resume goes on. The exit code is 0 where all are done.

Examples:
  cf compare --losses arcface,curricularface --seeds 3 --out runs/compare
      on drawn identities: six trainings of the job that cf train does
  cf compare --losses normface,arcface --data faces --backbone iresnet18 --epochs 10 --out runs/faces --dry-run
      how long it will take
  cf compare --config compare.yaml --out runs/settings
      any settings of cf train, where compare.yaml is
          seeds: 3
          baseline: adaptive
          settings: { loss: curricularface, scale: 32, epochs: 4 }
          variants:
            adaptive: {}
            paper: { alpha: paper }
            fixed-t: { alpha: 0, loss-option: { tInitial: 0.3 } }
  cf compare --resume runs/compare
  cf compare --resume runs/compare --seeds 5
      two seeds more
`;

/** How a call is told of. */
interface Telling {
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  readonly emit: ((event: object) => void) | undefined;
}

async function runCompare(flags: CompareFlags, runCell: CellRunner, signal: AbortSignal): Promise<number> {
  const emit = flags.json
    ? (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`)
    : undefined;
  const say = (line: string): void =>
    emit === undefined ? console.log(printable(line)) : emit({ event: 'note', text: line });
  const telling = { signal, say, emit };
  try {
    const { comparison, folder } = await openComparison(flags, say);
    tellDifferences(comparison, say);
    if (flags.dryRun) return await tellDryRun(comparison, folder, telling);
    if (folder === undefined)
      throw new UsageError('no --out', 'a folder for the comparison', 'say where with --out runs/compare.');
    return await compare(comparison, folder, flags.resume !== undefined, { ...telling, runCell });
  } catch (error) {
    if (error instanceof InterruptedError) {
      say('interrupted; nothing was written');
      return EXIT.interrupted;
    }
    if (error instanceof CfError) emit?.({ event: 'error', code: error.code, message: error.message });
    throw error;
  }
}

function tellDifferences(comparison: Comparison, say: (line: string) => void): void {
  const { baseline, seeds, variants } = comparison;
  say(
    `${variants.length * seeds.length} trainings: ${variants.map(({ name }) => name).join(', ')}; seeds ${seeds.join(', ')}`,
  );
  for (const [name, told] of variantDifferences(comparison))
    say(`${name} is not ${baseline} in: ${told.join(', ') || 'nothing'}`);
}

async function tellDryRun(
  comparison: Comparison,
  folder: string | undefined,
  { signal, say, emit }: Telling,
): Promise<number> {
  const ends = folder === undefined ? {} : await readCellEnds(folder);
  const cells = cellsOf(comparison, folder ?? '.').filter(({ name }) => isToDo(ends[name]));
  let total = 0;
  for (const { name, config } of comparison.variants) {
    const count = cells.filter(({ variant }) => variant === name).length;
    if (count === 0) continue;
    const initFrom = config.initFrom === undefined ? undefined : await openRunFolder(config.initFrom);
    const open = (): never => {
      throw new Error('a dry run opens no folder');
    };
    const place = { open, resume: false, featuresFrom: undefined, initFrom };
    const { seconds, steps, secondsPerStep } = await dryRun(config, { place, signal, say: () => {} });
    total += count * seconds;
    emit?.({ event: 'dry-run', variant: name, trainings: count, seconds, steps, secondsPerStep });
    if (emit === undefined)
      say(
        `${name}: ${count} × about ${formatSeconds(seconds)} (${steps} steps of ${secondsPerStep.toPrecision(2)} s)`,
      );
  }
  if (emit !== undefined) emit({ event: 'dry-run', trainings: cells.length, seconds: total });
  else {
    say(
      `${cells.length} trainings take about ${formatSeconds(total)} together; reading pictures and scores come on top`,
    );
    say('a dry run: nothing was trained, and nothing was written');
  }
  return EXIT.ok;
}

async function compare(
  comparison: Comparison,
  folder: string,
  resume: boolean,
  { runCell, signal, say, emit }: Telling & { readonly runCell: CellRunner },
): Promise<number> {
  if (!resume) await createRunFolder(folder);
  const lock = await lockRun(folder, say);
  try {
    await writeComparison(folder, comparison);
    const { table, tests, interrupted, ends } = await runComparison(comparison, {
      folder,
      runCell,
      signal,
      say,
      onEvent: emit,
      requireHeld: lock.require,
      write: async (found, known, ofPairs) => {
        const text = textTable(found);
        const figures = known.map(({ cell, end, result }) => ({
          variant: cell.variant,
          seed: cell.seed,
          run: cell.name,
          ...end,
          ...result?.figures,
        }));
        await writeJson(folder, 'results', { ...found, pairTests: ofPairs ?? null, trainings: figures });
        await writeText(
          folder,
          'table',
          tableWithNotes(text, [...tableNotes(found), ...pairTestNotes(ofPairs)]),
        );
        await writeText(folder, 'report', await comparisonReport(comparison, found, known, ofPairs));
      },
    });
    emit?.({ event: 'table', ...table, pairTests: tests ?? null });
    if (emit === undefined) {
      const { columns, rows } = textTable(table);
      for (const line of alignedLines([columns, ...rows])) say(line);
      for (const note of [...tableNotes(table), ...pairTestNotes(tests)]) say(note);
    }
    if (interrupted) {
      say(`interrupted; go on with: cf compare --resume ${folder}`);
      return EXIT.interrupted;
    }
    say(`report: ${folder}/${COMPARISON_FILES.report}`);
    const statuses = Object.values(ends).map(({ status }) => status);
    if (statuses.includes('failed')) return EXIT.data;
    return statuses.includes('diverged') ? EXIT.diverged : EXIT.ok;
  } finally {
    await lock.release();
  }
}
