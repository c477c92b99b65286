import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syntheticFaces } from '@cf/data/node';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TrainConfig } from '../settings/train-config.ts';
import { configWith, failureOf, temporaryFolder } from '../testing.ts';
import type { Dataset } from './dataset.ts';
import { drawnImages } from './image-source.ts';
import { weighDataset } from './weigh-dataset.ts';

const names = ['synthetic_00000', 'synthetic_00001'];
const faces = syntheticFaces({ seed: 1, identities: 3, imagesPerIdentity: 3 });
const places = [
  [0, 0],
  [1, 0],
  [1, 1],
  [1, 2],
  [2, 0],
].map(([identityIndex, imageIndex]) => ({ identityIndex: identityIndex!, imageIndex: imageIndex! }));
const dataset: Dataset = {
  images: drawnImages(faces, places),
  labels: Int32Array.of(0, 1, 1, 1, -1),
  names,
  trueIdentities: new Map(),
  verification: { pairs: [], same: [], folds: [], scored: [], missing: 0 },
  pairsFrom: '',
};

/** What was said last. */
let lines: string[];
function weigh(given: Dataset, config: TrainConfig): Promise<Dataset> {
  lines = [];
  return weighDataset(given, config, (line) => lines.push(line));
}

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

async function file(name: string, ...lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}

describe('class weights', () => {
  it('balanced: every identity counts alike, and the mean over the pictures is 1', async () => {
    const { classWeights } = await weigh(dataset, configWith({ classWeights: 'balanced' }));
    expect([...classWeights!]).toEqual([2, 2 / 3]);
  });

  it('come from a table or from JSON lines; a weight of 0 leaves an identity out', async () => {
    const table = await file('w.csv', 'note,identity,weight', `x,${names[1]},0.5`, `"y, z",${names[0]},0`);
    const json = await file(
      'w.jsonl',
      ...names.map((identity, i) => JSON.stringify({ identity, weight: i / 2 })),
    );
    for (const classWeights of [table, json])
      expect([...(await weigh(dataset, configWith({ classWeights }))).classWeights!]).toEqual([0, 0.5]);
  });

  it('of names that nobody has are passed over, and it is said', async () => {
    const rows = [...names, 'synthetic_0001', 'Bob'].map((name) => `${name},2`);
    const classWeights = await file('more.csv', 'identity,weight', ...rows);
    expect([...(await weigh(dataset, configWith({ classWeights }))).classWeights!]).toEqual([2, 2]);
    expect(lines).toEqual([
      `--class-weights ${classWeights}: 2 of its 4 identities are not in this training, such as 'synthetic_0001'; they are passed over`,
    ]);
    const whole = await file('whole.csv', 'identity,weight', ...rows.slice(0, 2));
    await weigh(dataset, configWith({ classWeights: whole }));
    expect(lines).toEqual([]);
  });

  it.each<[string, readonly string[], RegExp]>([
    [
      'an identity without',
      ['identity,weight', 'synthetic_00000,1'],
      /lacks 1 of 2 identities.*'synthetic_00001'/,
    ],
    ['a negative one', ['identity,weight', 'synthetic_00000,-1'], /\.csv:2: weight = "-1"/],
    ['no number', ['identity,weight', 'synthetic_00000,much'], /\.csv:2: weight = "much"/],
    [
      'two of one',
      ['identity,weight', 'synthetic_00000,1', 'synthetic_00000,1', 'synthetic_00000,2'],
      /\.csv:4: weight = 2 of 'synthetic_00000', which a line above has as 1/,
    ],
    ['no name', ['who,weight', 'synthetic_00000,1'], /\.csv:2: no identity or name/],
    ['nothing', ['identity,weight'], /which is empty/],
  ])('are refused with %s', async (name, lines, message) => {
    const classWeights = await file(`${name}.csv`, ...lines);
    const error = await failureOf(() => weigh(dataset, configWith({ classWeights })));
    expect(error.message).toMatch(message);
  });
});

it('a list that is not there, or is damaged, is told by its flag', async () => {
  const cut = await file('cut.jsonl', '{"identity": "synthetic_00000"');
  for (const [classWeights, reason] of [
    [join(folder, 'none.csv'), "none.csv': there is no such file"],
    [cut, 'cut.jsonl:1: '],
  ] as const) {
    const error = await failureOf(() => weigh(dataset, configWith({ classWeights })));
    expect(error).toMatchObject({
      code: 'E_USAGE',
      message: expect.stringMatching(
        /^--class-weights: .*, expected .*an identity and its weight, as columns/,
      ),
    });
    expect(error.message).toContain(reason);
  }
});

describe('difficulties of a curriculum', () => {
  const curriculum = { sampler: 'curriculum' };

  it('come from a list, by folder and name, and only those of pictures that are trained on are needed', async () => {
    const rows = [0, 1, 2, 3].map((i) => `/far/away/${dataset.images.name(i)},${i * i}`);
    const list = ['path,difficulty', ...rows];
    const difficulties = await file('d.csv', ...list);
    const weighed = await weigh(dataset, configWith({ ...curriculum, difficulties }));
    expect([...weighed.difficulties!]).toEqual([0, 1, 4, 9, 0]);
    expect(lines).toEqual([]);
    const more = await file('more-d.csv', ...list, `${dataset.images.name(4)},1`, 'Ann/1.jpg,1');
    expect((await weigh(dataset, configWith({ ...curriculum, difficulties: more }))).difficulties).toEqual(
      weighed.difficulties,
    );
    expect(lines.join()).toMatch(/: 1 of its 6 pictures are not in this training, such as 'Ann\/1\.jpg'/);
    const twice = await file('twice-d.csv', ...list, `/elsewhere/${dataset.images.name(1)},7`);
    const both = await failureOf(() => weigh(dataset, configWith({ ...curriculum, difficulties: twice })));
    expect(both.message).toMatch(/:6: difficulty = 7 of 'synthetic_00001\/\S+', which a line above has as 1/);
    const short = await file('short.csv', ...list.slice(0, 3));
    const error = await failureOf(() => weigh(dataset, configWith({ ...curriculum, difficulties: short })));
    expect(error.message).toMatch(/lacks 2 of 4 pictures to train on, such as 'synthetic_00001\/2'/);
  });

  it('come from the list of pictures itself, where it has them of all', async () => {
    const own = Float32Array.of(3, 1, 2, 0, Number.NaN);
    const weighed = await weigh({ ...dataset, difficulties: own }, configWith(curriculum));
    expect([...weighed.difficulties!]).toEqual([3, 1, 2, 0, 0]);
    const lacking = { ...dataset, difficulties: own.with(1, Number.NaN) };
    const error = await failureOf(() => weigh(lacking, configWith(curriculum)));
    expect(error.message).toMatch(/--data, which lacks 1 of 4 pictures/);
    const none = await failureOf(() => weigh(dataset, configWith(curriculum)));
    expect(none.message).toMatch(/--sampler curriculum without --difficulties/);
  });
});
