import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createIdentityIndex } from '@cf/eval';
import { expect, it } from 'vitest';
import { openRunFolder, type RunFolder } from '../run/run-folder.ts';
import { failureOf, temporaryFolder } from '../testing.ts';
import { type ChosenThreshold, chooseThreshold, chosenText, type KnownPeople } from './choose-threshold.ts';
import type { EmbeddingModel } from './open-model.ts';

const entry = (name: string, threshold: number | null): object => ({
  name,
  accuracy: 0.9,
  std: 0,
  scoredPairs: {
    ...{ genuinePairs: 500, impostorPairs: 500, auc: 0.95, eer: 0.1 },
    tarAtFar: [{ far: 0.01, threshold, tar: 0.9 }],
  },
});

async function runWith(results: string): Promise<RunFolder> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'config.json'), '{}');
  await writeFile(join(folder, 'results.json'), results);
  return openRunFolder(folder);
}

const known = createIdentityIndex({
  embeddings: Float32Array.from({ length: 30 }, (_, i) => Math.cos(i * i)),
  dim: 2,
  identities: Array.from({ length: 15 }, (_, i) => `${i}`),
});
const people: KnownPeople = { name: 'people', known };
const options = { strict: false, onProblem: () => {}, signal: new AbortController().signal };
const chosen = (
  run: RunFolder,
  flags: object,
  of: KnownPeople | undefined = people,
): Promise<ChosenThreshold> =>
  chooseThreshold({ flip: false, ...flags }, { run } as unknown as EmbeddingModel, of, options);

it("is the run's own where its evaluation has the rate, else the gallery's", async () => {
  const run = await runWith(
    JSON.stringify([entry('trained', 0.3), entry('trained, flipped', 0.25), entry('untrained', 0.9)]),
  );
  const own = await chosen(run, { far: 0.01 });
  expect(own).toMatchObject({ threshold: 0.3, far: 0.01, impostorPairs: 500 });
  expect(chosenText(own)).toMatch(/^threshold 0\.3000: FAR 1e-2 on 500 impostor pairs of the evaluation in /);
  expect(await chosen(run, { far: 0.01, flip: true })).toMatchObject({ threshold: 0.25 });
  const other = await chosen(run, { far: 0.02 });
  expect(other).toMatchObject({ far: 0.02, impostorPairs: 105, from: 'of people, all that it has' });
  // Scores to templates are others than those of the run's pairs.
  const templates = { ...people, templates: known };
  expect(await chosen(run, { far: 0.02 }, templates)).toMatchObject({ impostorPairs: 105 });
  expect((await chosen(run, { far: 0.01 }, templates).catch(String)).toString()).not.toContain('0.3');
  expect(await chosen(run, { threshold: 0.7 })).toEqual({ threshold: 0.7, from: 'as given' });
});

it('is refused where nothing shows the rate', async () => {
  const few = await runWith(JSON.stringify([entry('trained', null)]));
  const nobody = { name: 'people', known: undefined };
  expect((await failureOf(() => chosen(few, { far: 0.01 }, nobody))).message).toMatch(
    /nothing that shows a FAR of 0\.01/,
  );
  expect((await failureOf(() => chosen(few, {}))).message).toMatch(/105 impostor pairs for a FAR of 0\.001/);
  const damaged = await runWith('[');
  expect((await failureOf(() => chosen(damaged, {}))).message).toMatch(/results\.json' \(.*JSON/);
  const other = await runWith('[{"name":"trained"}]');
  expect((await failureOf(() => chosen(other, {}))).message).toMatch(
    /results\.json' \(0\.accuracy: .*\nFix: say --threshold/,
  );
});
