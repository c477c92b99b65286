// Trains as cf.yaml says, and hands the model to the page. Flags of `cf train` go before the file: npm run train -- --epochs 1
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const manifest = createRequire(import.meta.url).resolve('@cf/trainer/package.json');
const { bin } = createRequire(import.meta.url)(manifest);

/** Runs a command of cf to its end; where it fails, its exit code is this one's. */
function cf(...args) {
  const { status } = spawnSync(process.execPath, [join(dirname(manifest), bin.cf), ...args], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 130);
}

mkdirSync('runs', { recursive: true });
const numbers = readdirSync('runs').map(Number).filter(Number.isInteger);
const run = join('runs', String(Math.max(0, ...numbers) + 1));
cf('train', '--config', 'cf.yaml', '--out', run, ...process.argv.slice(2));

// The model with its card (README.md), which says what pixels it takes and how good it is.
const exported = mkdtempSync(join('runs', 'export-'));
cf('export', '--run', run, '--out', exported, '--no-tensors');
mkdirSync(join('public', 'model'), { recursive: true });
for (const name of readdirSync(exported)) copyFileSync(join(exported, name), join('public', 'model', name));
rmSync(exported, { recursive: true });

// A few faces to try the page with.
if (!existsSync(join('public', 'faces')))
  cf(
    'faces',
    '--identities',
    '3',
    '--images-per-identity',
    '2',
    '--seed',
    '7',
    '--out',
    join('public', 'faces'),
  );
console.log(
  `\nThe model of ${run} is in public/model, faces to try it with in public/faces. The page: npm start`,
);
