// npm test: install, build, check and run every test. The last line is "N passed, N failed, N skipped".
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runWithTools } from './node-runtime.mjs';

const results = join(tmpdir(), `cf-test-results-${process.pid}.json`);
// One worker a core: with a core left over, as is the default, two cores take half as long again.
const workers = availableParallelism();
const steps = [
  'pnpm install --frozen-lockfile --prefer-offline',
  'pnpm lint',
  'pnpm arrows',
  'pnpm build',
  'pnpm typecheck',
  `vitest run --testTimeout=120000 --hookTimeout=120000 --maxWorkers=${workers} --reporter=default --reporter=json --outputFile.json="${results}"`,
];
const exitCode = runWithTools(steps.join(' && '));

if (existsSync(results)) {
  const { numPassedTests, numFailedTests, numFailedTestSuites, testResults } = JSON.parse(
    readFileSync(results, 'utf8'),
  );
  rmSync(results);
  const tests = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map((result) => ({ file: name, ...result })),
  );
  const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
  for (const { fullName, file } of skipped)
    console.log(`skipped: ${fullName} (${file.split('/').slice(-3).join('/')})`);
  // A file that does not load fails without a test of its own.
  const failed = numFailedTests === 0 && numFailedTestSuites > 0 ? numFailedTestSuites : numFailedTests;
  console.log(`${numPassedTests} passed, ${failed} failed, ${skipped.length} skipped`);
} else {
  console.log('0 passed, 1 failed');
}
process.exitCode = exitCode;
