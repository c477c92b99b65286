// npm test: install, build, check and run every test. The last line is "N passed, N failed, N skipped".
import { runTests } from './run-tests.mjs';

const steps = [
  'pnpm install --frozen-lockfile --prefer-offline',
  'pnpm lint',
  'pnpm arrows',
  'pnpm build',
  'pnpm typecheck',
];
process.exitCode = runTests(steps).exitCode;
