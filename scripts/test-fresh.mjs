// npm run test:fresh [PATH …]: every law with a new seed, at fifteen times its number of cases. The last lines are the
// commands that repeat what failed. CF_SEED and CF_RUNS in the environment set seed and factor.
import { randomInt } from 'node:crypto';
import { quoted, runTests } from './run-tests.mjs';

const seed = process.env.CF_SEED || String(randomInt(2 ** 31));
const times = process.env.CF_RUNS || '15';
Object.assign(process.env, { CF_SEED: seed, CF_RUNS: times });
console.log(`CF_SEED=${seed} CF_RUNS=${times}`);

const { exitCode, failed } = runTests(
  ['pnpm install --frozen-lockfile --prefer-offline', 'pnpm build'],
  process.argv.slice(2),
);
if (failed.length > 0) console.log('\nTo repeat what failed:');
for (const { file, name } of failed) {
  const only = name === undefined ? '' : ` -t ${quoted(`^${name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`)}`;
  console.log(`CF_SEED=${seed} CF_RUNS=${times} npx vitest run ${quoted(file)}${only}`);
}
process.exitCode = exitCode;
