// The job of `npm start` with one loss after another, all else equal: a table of accuracy and AUC on drawn people who were
// held out. `node bench/losses/drawn-faces.mjs arcface sphereface2` (default: every loss), `--seed 1` for another seed.
// About a minute a loss on two cores. On the graphs of onnxruntime, which every machine has.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LOSS_NAMES } from '../../packages/core/src/index.ts';

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string', default: '0' } },
  allowPositionals: true,
});
const names = positionals.length > 0 ? positionals : LOSS_NAMES;
const folder = mkdtempSync(join(tmpdir(), 'cf-losses-'));
const cf = join(import.meta.dirname, '../../apps/trainer/src/cli.ts');
console.log('| loss | accuracy | AUC | training loss | r |\n| --- | --- | --- | --- | --- |');
try {
  for (const name of names) {
    const out = join(folder, name);
    const run = spawnSync(
      process.execPath,
      [cf, 'train', '--loss', name, '--seed', values.seed, '--kernels', 'onnxruntime', '--out', out],
      { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' },
    );
    if (run.status !== 0) {
      console.log(`| ${name} | exit ${run.status}: ${run.stderr.trim().split('\n').slice(-2)[0]} |`);
      continue;
    }
    const trained = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')).find(
      (result) => result.name === 'trained',
    );
    const { loss, meanTargetCosine } = trained.trainingFit;
    const figures = [trained.accuracy, trained.scoredPairs.auc, loss, meanTargetCosine];
    const [accuracy, auc, last, r] = figures.map((value) => value?.toFixed(4) ?? '–');
    console.log(`| ${name} | ${accuracy} | ${auc} | ${last} | ${r} |`);
    rmSync(out, { recursive: true });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
