// Runs vitest and counts; the closing line is "N passed, N failed, N skipped".
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { root, runWithTools } from './node-runtime.mjs';

/**
 * Runs the steps and then the tests, and prints the closing line.
 *
 * @param filters parts of the paths of the files to run; none: all.
 * @returns the exit code, and of each test that failed its file, its name (none where the file itself failed) and why
 */
export function runTests(steps, filters = []) {
  const results = join(tmpdir(), `cf-test-results-${process.pid}.json`);
  // One worker a core: with a core left over, as is the default, two cores take half as long again.
  const workers = availableParallelism();
  const reporters = `--reporter=default --reporter=json --outputFile.json="${results}"`;
  const vitest = `vitest run --maxWorkers=${workers} ${reporters} ${filters.map(quoted).join(' ')}`;
  const exitCode = runWithTools([...steps, vitest].join(' && '));
  if (!existsSync(results)) {
    console.log('0 passed, 1 failed');
    return { exitCode, failed: [] };
  }
  const { testResults } = JSON.parse(readFileSync(results, 'utf8'));
  rmSync(results);
  const tests = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ status, ancestorTitles, title, failureMessages }) => ({
      file: relative(root, name),
      name: [...ancestorTitles, title].join(' > '),
      status,
      why: failureMessages?.[0],
    })),
  );
  const failed = tests.filter(({ status }) => status === 'failed');
  // A file that does not load, or whose hooks fail, fails without a test of its own.
  for (const { name, status, message } of testResults) {
    const file = relative(root, name);
    if (status === 'failed' && !failed.some((test) => test.file === file))
      failed.push({ file, why: message });
  }
  const passed = tests.filter(({ status }) => status === 'passed');
  const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
  for (const { name, file } of skipped) console.log(`skipped: ${name} (${file})`);
  const slowest = testResults
    .map(({ name, startTime, endTime }) => ({
      file: relative(root, name),
      seconds: (endTime - startTime) / 1000,
    }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, 12);
  for (const { file, seconds } of slowest) console.log(`${seconds.toFixed(0).padStart(4)} s  ${file}`);
  for (const { name, file, why } of failed) {
    console.log(`FAIL  ${name ?? 'the file'} (${file})\n      ${firstLine(why)}`);
  }
  console.log(`${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
  return { exitCode, failed };
}

/** What a test said, short enough for the end of a log. */
function firstLine(why = '') {
  return why.trim().split('\n', 1)[0].slice(0, 300);
}

/** A word of a POSIX shell's command line. */
export function quoted(word) {
  return /^[\w./=:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
