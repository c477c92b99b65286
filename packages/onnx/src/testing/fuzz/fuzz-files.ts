// Tries mutated files by the million: `pnpm fuzz-files --count 1000000 --seed 0`. A run that was stopped goes on at the
// seed that it printed last. A mutant that fails is found again by its seed alone.
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { corpus } from './corpus.ts';
import { drawOf, mutant } from './mutate.ts';
import { tryFile } from './try-file.ts';

const CHUNK = 500;
/** One of so many files is prepared, inspected and written in other types too. */
const WHOLE = 50;
/** Milliseconds that a chunk may take before it counts as hung. */
const PATIENCE = 120_000;
/** Milliseconds of processor time that one file may take. */
const SLOW = 5000;
const HEAP_MEBIBYTES = 1024;

interface Report {
  readonly from: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
}

function runChunk(files: readonly Uint8Array[], from: number, count: number): Report {
  const outcomes: Record<string, number> = {};
  const failures: string[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const start = process.cpuUsage();
    let outcome = 'failed';
    try {
      outcome = tryFile(mutant(files, drawOf(seed)), seed % WHOLE === 0);
    } catch (error) {
      failures.push(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`);
    }
    const { user, system } = process.cpuUsage(start);
    const time = (user + system) / 1000;
    if (time > SLOW) failures.push(`seed ${seed}: took ${Math.round(time)} ms`);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return { from, outcomes, failures };
}

function work(): void {
  const files = corpus();
  process.on('message', ({ from, count }: { readonly from: number; readonly count: number }) => {
    process.send!(runChunk(files, from, count));
  });
}

function main(): void {
  const { values } = parseArgs({
    options: { count: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '0' } },
  });
  const [first, count] = [Number(values.seed), Number(values.count)];
  const totals: Record<string, number> = {};
  const begun = performance.now();
  let [next, done, failed] = [first, 0, 0];
  const start = (): void => {
    const child = fork(fileURLToPath(import.meta.url), ['--work'], {
      execArgv: [`--max-old-space-size=${HEAP_MEBIBYTES}`],
    });
    let [from, size, isIdle] = [0, 0, true];
    let clock: NodeJS.Timeout | undefined;
    const send = (): void => {
      if (next >= first + count) {
        isIdle = true;
        child.disconnect();
        return;
      }
      [from, size, isIdle] = [next, Math.min(CHUNK, first + count - next), false];
      next += size;
      child.send({ from, count: size });
      clock = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    };
    child.on('message', ({ outcomes, failures }: Report) => {
      clearTimeout(clock);
      for (const [key, value] of Object.entries(outcomes)) totals[key] = (totals[key] ?? 0) + value;
      for (const failure of failures) console.log(failure);
      failed += failures.length;
      done += size;
      if ((done / CHUNK) % 20 === 0 || done === count) {
        const left = ((performance.now() - begun) / 1000 / done) * (count - done);
        console.log(
          `${done} of ${count} files, ${failed} failures, ${Math.round(left)} s left, at seed ${next}`,
        );
      }
      send();
    });
    child.on('exit', (code, signal) => {
      clearTimeout(clock);
      if (isIdle) return;
      failed += 1;
      done += size;
      console.log(`seeds ${from} to ${from + size - 1}: hung or out of memory (${signal ?? code})`);
      start();
    });
    send();
  };
  process.on('exit', () => {
    console.log(JSON.stringify({ files: done, failures: failed, outcomes: totals }));
    if (failed > 0) process.exitCode = 1;
  });
  for (let i = 0; i < Math.min(2, availableParallelism()); i++) start();
}

if (process.argv.includes('--work')) work();
else main();
