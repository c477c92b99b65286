import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { smallOnnx } from './testing/onnx-files.ts';
import { temporaryFolder } from './testing.ts';
import { type CliResult, cf, metricsOf } from './testing-cli.ts';

let base: string;
let faces: string;
let network: readonly string[];
beforeAll(async () => {
  base = await temporaryFolder();
  faces = join(base, 'faces');
  const file = join(base, 'small.onnx');
  await writeFile(file, smallOnnx());
  await cf(['faces', '--identities=12', '--images-per-identity=5', '--out', faces]);
  network = ['train', '--data', faces, '--backbone', `onnx:${file}`, '--threads=1', '--no-control'];
});

describe('pictures that do not fit into memory', () => {
  const FLAGS = ['--epochs=3', '--batch=16', '--last-batch=keep', '--warmup-steps=0'];
  const CHANGES = ['--augment-colour=0.4', '--augment-jpeg=0.3', '--augment-erase=0.3'];
  let whole: string;
  let said: CliResult;
  beforeAll(async () => {
    whole = join(base, 'whole');
    said = await cf([...network, ...FLAGS, ...CHANGES, '--data-workers=0', '--out', whole]);
    expect(said.code).toBe(0);
  });

  it('train to the same bits, and are told', async () => {
    const run = join(base, 'streamed');
    const flags = ['--data-memory=2KiB', '--data-disk=6KiB', '--data-workers=2', '--out', run];
    const { stdout, code } = await cf([...network, ...FLAGS, ...CHANGES, ...flags]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^10 of 60 pictures are kept in memory \(1\.9 KiB\), 32 on disk \(6\.0 KiB\), the others are decoded again, ahead of training by 2 threads$/m,
    );
    expect(stdout).toMatch(/^\d+\.\d % of the time of the steps was waiting for data$/m);
    expect(said.stdout).not.toContain('kept in memory');
    expect(await metricsOf(run)).toEqual(await metricsOf(whole));
    expect(await readFile(join(run, 'model.onnx'))).toEqual(await readFile(join(whole, 'model.onnx')));
  });

  it('go on after an interruption, in other memory, to the same bits', async () => {
    const run = join(base, 'resumed');
    const flags = ['--data-memory=0B', '--data-disk=0', '--data-workers=1', '--out', run];
    const when = async (): Promise<boolean> =>
      (await stat(join(run, 'checkpoint.safetensors')).catch(() => 0)) !== 0;
    const begun = await cf([...network, ...FLAGS, ...CHANGES, ...flags], {
      signal: { name: 'SIGINT', when },
    });
    expect(begun.stderr).toContain('looking for pictures that are scored and trained on');
    const resumed = await cf(['train', '--resume', run, '--data-memory=4KB', '--data-disk=1MB']);
    expect(resumed.code).toBe(0);
    // It knows what looks alike.
    expect(resumed.stderr).not.toContain('looking for pictures');
    expect(resumed.stdout).toMatch(
      /^20 of 60 pictures are kept in memory .*, 40 on disk \(7\.5 KiB\), ahead/m,
    );
    expect(await metricsOf(run)).toEqual(await metricsOf(whole));
    const config = JSON.parse(await readFile(join(run, 'config.json'), 'utf8'));
    expect(config).toMatchObject({ dataMemory: '4KB', dataDisk: '1MB' });
  });
});

describe('which pictures a step sees', () => {
  it('a batch that leaves out much is told before training, with one that fits', async () => {
    const run = join(base, 'dropped');
    const { stdout } = await cf([...network, '--epochs=1', '--batch=32', '--out', run]);
    expect(stdout).toMatch(
      /^an epoch is 1 step of 32 pictures: 18 of 50 are left out of it, others each time; --batch 25 leaves out none, --last-batch keep trains on all$/m,
    );
  });

  it('--class-weights reach the loss, and names that nobody has are told', async () => {
    const pixels = ['train', '--data', faces, '--pixels=16', '--epochs=1', '--batch=8', '--no-control'];
    const [plain, weighted, list] = ['plain', 'weighted', 'weights.csv'].map((name) => join(base, name));
    expect((await cf([...pixels, '--out', plain!])).code).toBe(0);
    const people = (await readdir(faces)).filter((name) => name.startsWith('synthetic_'));
    await writeFile(list!, ['identity,weight', ...people.map((name) => `${name},2`), 'Bob,1'].join('\n'));
    const { stdout, code } = await cf([...pixels, '--class-weights', list!, '--out', weighted!]);
    expect(code).toBe(0);
    // Two of the twelve are held out.
    expect(stdout).toMatch(/^--class-weights .*: 3 of its 13 identities are not in this training, such as /m);
    const [[one], [two]] = await Promise.all([metricsOf(plain!), metricsOf(weighted!)]);
    expect(two!.loss! / one!.loss!).toBeCloseTo(2, 6);
  });

  it('a curriculum goes by what the network of another run finds hard, and identities may weigh differently', async () => {
    const pixels = ['train', '--data', faces, '--pixels=16', '--epochs=2', '--batch=8', '--no-control'];
    const first = join(base, 'first');
    expect((await cf([...pixels, '--out', first])).code).toBe(0);
    const list = join(base, 'difficulty.jsonl');
    const scored = await cf(['data', 'difficulty', '--run', first, '--out', list]);
    expect(scored.stdout).toMatch(/^50 pictures, from [\d.]+° to [\d.]+°; list: /m);
    const lines = (await readFile(list, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const angles = lines.map(({ difficulty }) => difficulty);
    expect(angles).toEqual(angles.toSorted((a, b) => a - b));
    const second = join(base, 'second');
    const flags = ['--sampler=curriculum', '--difficulties', list, '--class-weights=balanced'];
    const trained = await cf([...pixels, ...flags, '--out', second]);
    expect([trained.code, trained.stderr]).toEqual([0, expect.stringContaining('training: 12 steps')]);
    expect((await metricsOf(second))[0]!.loss).not.toBe((await metricsOf(first))[0]!.loss);
  });
});

describe('cf data augment', () => {
  it('writes a sheet', async () => {
    const out = join(base, 'sheet.png');
    const { stdout, code } = await cf(['data', 'augment', '--data', faces, '--out', out, '--augment-blur=1']);
    expect([code, stdout]).toEqual([0, `sheet: ${out}\n`]);
    expect((await stat(out)).size).toBeGreaterThan(10_000);
  });

  it('refuses a strength out of range', async () => {
    const refused = await cf(['data', 'augment', '--out', join(base, 'none.png'), '--augment-blur=2']);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/augment-blur = 2, expected/)]);
  });
});

it('a picture that goes away during training is named, and the run can be gone on with', async () => {
  const run = join(base, 'gone');
  const copy = join(base, 'copy');
  await mkdir(copy);
  await cf(['faces', '--identities=8', '--images-per-identity=4', '--out', join(copy, 'faces')]);
  const person = join(copy, 'faces', 'synthetic_00000');
  const [name] = await readdir(person);
  const picture = join(person, name!);
  const bytes = await readFile(picture);
  const when = async (): Promise<boolean> => {
    if ((await stat(join(run, 'checkpoint.safetensors')).catch(() => 0)) === 0) return false;
    // At once: a file that is being written is empty for a moment.
    await writeFile(join(copy, 'cut'), bytes.subarray(0, 300));
    await rename(join(copy, 'cut'), picture);
    return false;
  };
  const flags = [
    '--data',
    join(copy, 'faces'),
    '--epochs=400',
    '--batch=4',
    '--data-memory=0B',
    '--data-disk=0B',
    '--out',
    run,
  ];
  const train = network.filter((flag, at) => flag !== '--data' && network[at - 1] !== '--data');
  const { stderr, code } = await cf([...train, ...flags], { signal: { name: 'SIGINT', when } });
  expect(stderr).toContain(`${name}: the picture is truncated or damaged`);
  expect(code).toBe(3);
});
