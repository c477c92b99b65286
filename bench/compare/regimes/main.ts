// When does the curriculum pay? CurricularFace beside ArcFace in one regime after another: a linear embedding on small grey
// pictures of drawn people, scored on people who were held out. `node bench/compare/regimes/main.ts --help`.
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { requireInteger, UnknownNameError } from '../../../packages/core/src/index.ts';
import { drawnPeople } from './drawn-people.ts';
import { QUICK, REGIMES, type Regime, TOLD } from './regimes.ts';
import { regimesTable } from './regimes-table.ts';
import { cellsOf, type Known, keyOf, MARGINS, tested, tuningCells } from './search.ts';
import { type Outcome, trainCell } from './training.ts';

const namesOf = (regimes: readonly Regime[]): string => regimes.map(({ name }) => name).join(', ');

const HELP = `node bench/compare/regimes/main.ts [options]

In each regime the margin of each loss is chosen from ${MARGINS.join(', ')} on a seed of its own; then both losses are trained with other
seeds. Prints a Markdown table: AUC of pairs of held-out people, the paired t test, and p corrected by Holm for the number of
regimes.

Default: ${namesOf(TOLD)}.

  --quick          ${QUICK.join(', ')} alone
  --all            these too: ${namesOf(REGIMES.slice(TOLD.length))}
  --only <names>   some regimes, with commas between their names
  --seeds <n>      trainings of each loss in a regime, beside that which chooses (default: 5)
  --out <folder>   where drawn people and trainings are kept; what is there is not done again (default: runs/regimes)
  --dry-run        how many trainings there are, and how many are done
  --help`;

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    only: { type: 'string' },
    seeds: { type: 'string', default: '5' },
    out: { type: 'string', default: 'runs/regimes' },
    'dry-run': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const file = join(flags.out, 'trainings.jsonl');

if (flags.help) console.log(HELP);
else {
  // A deviation takes two.
  requireInteger('--seeds', Number(flags.seeds), 2, 99);
  await search(wanted(), Number(flags.seeds));
}

function wanted(): readonly Regime[] {
  if (flags.all) return REGIMES;
  if (flags.only === undefined && !flags.quick) return TOLD;
  return (flags.only?.split(',') ?? QUICK).map((name) => {
    const found = REGIMES.find((one) => one.name === name);
    if (found === undefined)
      throw new UnknownNameError(
        'regime',
        name,
        REGIMES.map((one) => one.name),
      );
    return found;
  });
}

async function search(regimes: readonly Regime[], seeds: number): Promise<void> {
  const known = await readKnown();
  if (flags['dry-run']) {
    const keys = new Set(regimes.flatMap(({ setting }) => tuningCells(setting).map(keyOf)));
    const done = [...keys].filter((key) => known.has(key)).length;
    console.log(
      `${regimes.length} regimes; to choose ${keys.size} trainings, ${done} of them done; then up to ${2 * seeds * regimes.length}`,
    );
    return;
  }
  await mkdir(flags.out, { recursive: true });
  for (const { name, setting } of regimes) {
    const features = await drawnPeople(setting.people, flags.out);
    // The second half of the cells depends on what the first came to.
    for (const cells of [tuningCells, (one: typeof setting) => cellsOf(one, seeds, known)])
      for (const cell of cells(setting)) {
        if (known.has(keyOf(cell))) continue;
        const started = performance.now();
        const outcome = await trainCell(cell, features);
        known.set(keyOf(cell), outcome);
        await appendFile(file, `${JSON.stringify({ key: keyOf(cell), outcome })}\n`);
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        console.error(
          `${name}: ${cell.loss} m ${cell.margin}, seed ${cell.seed}: AUC ${outcome.auc.toFixed(4)}, accuracy ${outcome.accuracy.toFixed(4)}, r ${outcome.r.toFixed(3)}, ${seconds} s`,
        );
      }
  }
  console.log(
    regimesTable(regimes.map((regime) => ({ regime, found: tested(regime.setting, seeds, known) }))),
  );
}

/** A line that a kill cut short is done again. */
async function readKnown(): Promise<Map<string, Outcome>> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const known: Known = new Map<string, Outcome>();
  for (const line of text.split('\n')) {
    try {
      const { key, outcome } = JSON.parse(line) as { key: string; outcome: Outcome };
      known.set(key, outcome);
    } catch {}
  }
  return known;
}
