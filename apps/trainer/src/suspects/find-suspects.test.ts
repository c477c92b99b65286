import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labelSuspects } from '@cf/training';
import { describe, expect, it } from 'vitest';
import { suspectLines } from '../dataset/suspect-list.ts';
import { readCheckpoint } from '../run/checkpoint.ts';
import { embeddingsAt } from '../run/embeddings-at.ts';
import type { RunPlace } from '../run/job.ts';
import { createRunFolder, openRunFolder } from '../run/run-folder.ts';
import { train } from '../run/train.ts';
import { withJob, withSubject } from '../run/with-job.ts';
import type { TrainFlags } from '../settings/fields.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { smallOnnx } from '../testing/onnx-files.ts';
import { configWith, failureOf, networkConfigWith, temporaryFolder, withoutProgress } from '../testing.ts';
import { type FoundSuspects, withSuspects } from './find-suspects.ts';

withoutProgress();

const { signal } = new AbortController();
const say = (): void => {};

/** A run on drawn identities with some labels exchanged, to its end. */
async function trained(
  config: TrainConfig,
): Promise<{ readonly path: string; readonly config: TrainConfig }> {
  const path = join(await temporaryFolder(), 'run');
  const place = { resume: false, featuresFrom: undefined, open: () => createRunFolder(path) };
  await train(config, place, signal, say);
  await writeFile(join(path, 'config.json'), '{}');
  return { path, config };
}

const placeOf = (path: string): RunPlace => ({
  resume: true,
  featuresFrom: undefined,
  open: () => openRunFolder(path),
});

/** What is found, and the run's own numbers beside it. */
function search(
  { path, config }: Awaited<ReturnType<typeof trained>>,
  degrees: number,
): Promise<FoundSuspects> {
  return withSuspects(config, { place: placeOf(path), signal, say }, degrees, async (found) => found);
}

const NOISY: Partial<TrainFlags> = {
  identities: 20,
  imagesPerIdentity: 10,
  subCenters: 3,
  loss: 'arcface',
  scale: 16,
  margin: 0.2,
  epochs: 10,
  batch: 16,
  labelNoise: 0.1,
  difficulty: 0.2,
};

describe('an embedding with three centers a class', () => {
  const run = trained(configWith({ ...NOISY, dim: 32, pixels: 16 }));

  it('finds most of the exchanged labels, by angle', async () => {
    const found = await search(await run, 60);
    expect(found).toMatchObject({ step: 100, loss: 'arcface', subCenters: 3, pictures: 160, identities: 16 });
    const { exchanged, found: right } = found.noise!;
    expect(exchanged).toBe(16);
    expect(right).toBeGreaterThan(8);
    expect(found.list.length).toBeLessThan(40);
    const angles = found.list.map(({ angle }) => angle);
    expect(angles).toEqual(angles.toSorted((a, b) => b - a));
    expect(Math.min(...angles)).toBeGreaterThan(60);
    expect((await search(await run, 180)).list).toEqual([]);
  });

  it('lists pictures under the names that a folder of them has, with what shows them', async () => {
    const { list, shown } = await search(await run, 60);
    const [first] = list;
    expect(Object.keys(first!)).toEqual(['picture', 'identity', 'angle', 'nearest', 'nearestAngle']);
    expect(first!.picture).toMatch(/^synthetic_\d{5}\/\d+$/);
    expect(first!.nearest).not.toBe(first!.identity);
    expect(shown).toHaveLength(list.length);
    await withJob(
      (await run).config,
      { place: placeOf((await run).path), signal, say },
      async ({ dataset }) => {
        for (const [at, { picture, own, other }] of shown.entries()) {
          expect(dataset.images.name(picture)).toBe(list[at]!.picture);
          expect(dataset.names[dataset.labels[own]!]).toBe(list[at]!.identity);
          expect(dataset.names[dataset.labels[other!]!]).toBe(list[at]!.nearest);
        }
      },
    );
  });

  it('looks at the numbers of the checkpoint', async () => {
    const { path, config } = await run;
    const found = await search(await run, 60);
    const { state } = await readCheckpoint(join(path, 'checkpoint.safetensors'));
    const direct = await withJob(config, { place: placeOf(path), signal, say }, (job) =>
      withSubject(job, async (subject) => {
        const { rows, dim } = await embeddingsAt(subject, state.learner);
        const centers = { centers: state.centers.values, subCenters: 3 };
        const { labels } = subject.samples;
        const { angles, suspects } = labelSuspects({ embeddings: rows, labels, dim }, centers, Math.PI / 3);
        // All pictures that are trained on come first, and all could be read.
        for (const { picture, own } of found.shown)
          for (const [i, label] of labels.entries())
            if (label === labels[picture]) expect(angles[own]).toBeLessThanOrEqual(angles[i]!);
        return { suspects };
      }),
    );
    expect(found.list.map(({ angle }) => angle)).toEqual(
      direct.suspects.map(({ angle }) => Number(((180 * angle) / Math.PI).toFixed(2))),
    );
  });

  it('is refused for another loss than the checkpoint is of, and without one', async () => {
    const { path, config } = await run;
    const other = { ...config, loss: { name: 'cosface', params: {} } };
    expect((await failureOf(() => search({ path, config: other }, 75))).message).toMatch(
      /loss arcface, expected/,
    );
    const empty = join(await temporaryFolder(), 'empty');
    await createRunFolder(empty);
    await writeFile(join(empty, 'config.json'), '{}');
    const error = await failureOf(() => search({ path: empty, config }, 75));
    expect(error).toMatchObject({ code: 'E_RUN' });
    expect(error.message).toMatch(/which has no checkpoint\.safetensors, expected/);
  });
});

it('works on a network, with one center a class, and without pictures that were left out before', async () => {
  const file = join(await temporaryFolder(), 'small.onnx');
  await writeFile(file, smallOnnx());
  const drop = join(await temporaryFolder(), 'list.jsonl');
  const small = { epochs: 1, batch: 16, identities: 8, imagesPerIdentity: 4, threads: 1, head: 'reference' };
  const flags = { ...small, backbone: `onnx:${file}` };
  const whole = await search(await trained(networkConfigWith(flags)), 0);
  expect(whole).toMatchObject({ subCenters: 1, pictures: 24, noise: undefined });
  expect(whole.list).toHaveLength(24);

  const noisy = { ...flags, labelNoise: 0.25 };
  const { list } = await search(await trained(networkConfigWith(noisy)), 0);
  const left = list.filter(({ picture }) => /\/1$/.test(picture));
  await writeFile(drop, suspectLines(left));
  const found = await search(await trained(networkConfigWith({ ...noisy, dropSuspects: drop })), 0);
  expect(found.pictures).toBe(18);
  expect(found.list.map(({ picture }) => picture).sort()).toEqual(
    list
      .filter((each) => !left.includes(each))
      .map(({ picture }) => picture)
      .sort(),
  );
  expect(found.noise!.exchanged).toBeGreaterThan(0);
  expect(found.noise!.found).toBe(found.noise!.exchanged);
});
