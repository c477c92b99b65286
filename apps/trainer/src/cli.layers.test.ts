import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';
import { layersFiles } from './engines/tfjs/layers-file.ts';
import { RUN_FILES } from './run/run-folder.ts';
import { temporaryFolder } from './testing.ts';
import { cf, facesWithPairs } from './testing-cli.ts';

/** Saves a small layers model of 8×8 pictures. */
async function saveLayers(folder: string): Promise<string> {
  const model = tfl.sequential();
  model.add(tfl.layers.rescaling({ inputShape: [8, 8, 3], scale: 1 / 127.5, offset: -1 }));
  const kernelInitializer = tfl.initializers.glorotUniform({ seed: 1 });
  model.add(tfl.layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, kernelInitializer }));
  model.add(tfl.layers.flatten());
  model.add(tfl.layers.dense({ units: 6, kernelInitializer }));
  await mkdir(folder);
  for (const [name, bytes] of await layersFiles(model)) await writeFile(join(folder, RUN_FILES[name]), bytes);
  return join(folder, RUN_FILES.layers);
}

it('cf eval scores the run of a layers model as cf train did, and names a file that is missing', async () => {
  const base = await temporaryFolder();
  const file = await saveLayers(join(base, 'before'));
  const pairFlags = await facesWithPairs(base, 10);
  const run = join(base, 'run');
  const flags = ['--epochs=2', '--batch=16', '--head=tfjs-cpu', '--augment-shift=1', '--no-flip'];
  const training = await cf(['train', ...flags, ...pairFlags, '--backbone', `tfjs:${file}`, '--out', run]);
  expect(training.code).toBe(0);

  const scored = await cf(['eval', '--run', run, ...pairFlags, '--json']);
  expect(scored.code).toBe(0);
  const [trained] = JSON.parse(await readFile(join(run, 'results.json'), 'utf8'));
  const { trainingFit: _, ...result } = trained;
  const { intervals: _intervals, ...scores } = JSON.parse(scored.stdout);
  expect(scores).toEqual({ ...result, name: run, problems: 0, unscoredPairs: 0 });

  const json = JSON.parse(await readFile(file, 'utf8'));
  for (const path of ['../outside.bin', join(base, 'outside.bin')]) {
    await writeFile(join(base, 'outside.bin'), await readFile(join(base, 'before', RUN_FILES.layersWeights)));
    await writeFile(
      file,
      JSON.stringify({ ...json, weightsManifest: [{ ...json.weightsManifest[0], paths: [path] }] }),
    );
    const outside = await cf([
      'train',
      ...flags,
      ...pairFlags,
      '--backbone',
      `tfjs:${file}`,
      '--out',
      join(base, 'none'),
    ]);
    expect(outside.stderr).toMatch(
      /^BackboneError .*its weight file '.*outside\.bin' lies outside of its folder/,
    );
    expect(outside.code).toBe(3);
  }

  await rm(join(run, RUN_FILES.layers));
  const broken = await cf(['eval', '--run', run, ...pairFlags]);
  expect(broken.stderr).toMatch(/^BackboneError \[E_BACKBONE\]: .*run.model\.json' \(ENOENT/);
  expect(broken.code).toBe(3);
});
