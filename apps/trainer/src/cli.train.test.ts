import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { contents, temporaryFolder } from './testing.ts';
import { type CliResult, cf, facesWithPairs, metricsOf, SMALL } from './testing-cli.ts';

/** Enough people for folds. */
const FLAGS = [...SMALL, '--identities=30', '--batch=32'];

let base: string;
beforeAll(async () => {
  base = await temporaryFolder();
});

describe('cf train on drawn identities', () => {
  let run: string;
  let result: CliResult;
  beforeAll(async () => {
    run = join(base, 'drawn');
    result = await cf(['train', ...FLAGS, '--out', run]);
  });

  it('says what it did, and nothing is wrong', () => {
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(
      /^24 identities, 144 images to train on; 180 pairs from 6 drawn identities/,
    );
    expect(result.stdout).toMatch(
      /^trained +accuracy 0\.\d{4} ± 0\.\d{4} +AUC 0\.\d{4} +EER 0\.\d{4} +training loss \d+\.\d{3}, r 0\.\d{3}$/m,
    );
    expect(result.stdout).toMatch(/^control, shuffled labels /m);
    expect(result.stdout).toMatch(/\ndone in .*; report: .*drawn.report\.html, model: .*model\.onnx\n$/);
    expect(result.stderr).toMatch(/^features: 180 images in .* images\/s\)\ntraining: 8 steps in/m);
  });

  it('writes every file of a run', async () => {
    const names = Object.keys(await contents(run)).map((file) => file.slice(run.length + 1));
    expect(names.map((name) => name.replace(/^(events\.out\.tfevents)\..*/, '$1'))).toEqual([
      'checkpoint-4.safetensors',
      'checkpoint.safetensors',
      'config.json',
      'environment.json',
      'events.out.tfevents',
      'events.out.tfevents',
      'features.safetensors',
      'metrics.jsonl',
      'model.onnx',
      'pair-scores.json',
      'report.html',
      'results.json',
    ]);
    const text = async (name: string): Promise<string> => readFile(join(run, name), 'utf8');
    expect(JSON.parse(await text('config.json'))).toMatchObject({
      loss: { name: 'curricularface', params: { scale: 32 } },
      epochs: 2,
    });
    const metrics = await metricsOf(run);
    expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const record of metrics) {
      for (const name of ['loss', 't', 'meanTargetCosine', 'hardShare', 'learningRate'])
        expect(Number.isFinite(record[name])).toBe(true);
    }
    const results = JSON.parse(await text('results.json'));
    expect(results[0]).toMatchObject({ name: 'trained', thresholdFrom: 'other folds' });
    expect(results[0].scoredPairs.genuinePairs).toBe(90);
  });

  it('draws loss, curriculum, hard share and ROC in the report', async () => {
    const page = await readFile(join(run, 'report.html'), 'utf8');
    for (const title of [
      'Loss',
      'Curriculum',
      'Hard negatives',
      'Modulation of hard negatives',
      'Modulation over cos θ',
      'DET',
      'Embeddings of the scored people',
      'ROC',
      'Scores',
    ])
      expect(page).toMatch(new RegExp(`${title}[\\s\\S]*?<svg`));
    for (const title of ['genuine pairs', 'impostor pairs', 'training pictures'])
      expect(page).toMatch(new RegExp(`Hardest ${title}[\\s\\S]*?<img src="data:image/png;base64,`));
    expect(page.match(/<svg/g)!.length).toBeGreaterThanOrEqual(7);
    // Bytes of pictures may say anything.
    expect(page.replace(/base64,[^"]*/g, '')).not.toMatch(/NaN|undefined/);
  });

  it('does not touch a folder that has something in it', async () => {
    const before = await contents(run);
    const again = await cf(['train', ...FLAGS, '--out', run]);
    expect(again.code).toBe(3);
    expect(again.stderr).toMatch(
      /drawn', which holds \d+ files, expected a new or empty folder\.\nFix: .*--resume/,
    );
    expect(await contents(run)).toEqual(before);
  });

  it('gives the same model from its config.json', async () => {
    const copy = join(base, 'copy');
    const { code } = await cf([
      'train',
      '--config',
      join(run, 'config.json'),
      '--features-from',
      run,
      '--out',
      copy,
    ]);
    expect(code).toBe(0);
    for (const name of ['model.onnx', 'config.json', 'results.json'])
      expect(await readFile(join(copy, name))).toEqual(await readFile(join(run, name)));
    expect(await metricsOf(copy)).toEqual(await metricsOf(run));
  });
});

it('cf eval agrees with what cf train printed for the same pairs', async () => {
  const pairFlags = await facesWithPairs(base, 16);
  const run = join(base, 'folder-run');
  const flags = ['--pixels=16', '--epochs=3', '--batch=16', '--dim=16', '--no-control'];
  const training = await cf(['train', ...flags, ...pairFlags, '--out', run]);
  expect(training.code).toBe(0);
  const printed = (name: string): string =>
    new RegExp(`^${name} +accuracy (\\S+)`, 'm').exec(training.stdout)![1]!;

  const [single, flipped] = await Promise.all([
    cf(['eval', '--run', run, ...pairFlags, '--json']),
    cf(['eval', '--run', run, ...pairFlags, '--flip', '--report', join(base, 'eval.html')]),
  ]);
  expect([single.code, flipped.code]).toEqual([0, 0]);
  const { intervals, ...json } = JSON.parse(single.stdout);
  expect(intervals).toMatchObject({ unit: 'identities', resamples: 1000 });
  expect(json.accuracy.toFixed(4)).toBe(printed('trained'));
  const [{ trainingFit, ...result }] = JSON.parse(await readFile(join(run, 'results.json'), 'utf8'));
  expect(trainingFit.loss).toBeGreaterThan(0);
  expect(json).toEqual({ ...result, name: run, problems: 0, unscoredPairs: 0 });
  expect(/^accuracy {2}(\S+)/m.exec(flipped.stdout)![1]).toBe(printed('trained, flipped'));
  expect(await readFile(join(base, 'eval.html'), 'utf8')).toMatch(/ROC.*<svg/s);
});

it('a training that diverges exits with 4, says where, and keeps the checkpoint', async () => {
  const run = join(base, 'diverged');
  const { code, stderr } = await cf([
    'train',
    '--identities=8',
    '--images-per-identity=4',
    '--pixels=8',
    '--lr=1e30',
    '--out',
    run,
  ]);
  expect(code).toBe(4);
  expect(stderr).toMatch(/DivergedError \[E_DIVERGED\]: .* at step 1 \(learning rate 1e\+30\)/);
  const files = Object.keys(await contents(run)).join('\n');
  expect(files).toContain('checkpoint.safetensors');
  expect(files).not.toContain('model.onnx');
});
