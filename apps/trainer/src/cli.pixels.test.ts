import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeModel, metadataOf, PIXELS_KEY } from '@cf/onnx';
import { beforeAll, describe, expect, it } from 'vitest';
import { smallOnnx, withChannelsLast, withChannelsReversed, withPixelNodes } from './testing/onnx-files.ts';
import { temporaryFolder } from './testing.ts';
import { type CliResult, cf, facesWithPairs, metricsOf } from './testing-cli.ts';

const FLAGS = [
  '--epochs=1',
  '--batch=8',
  '--lr=0.05',
  '--warmup-steps=0',
  '--threads=1',
  '--augment-shift=1',
];
const OPEN = smallOnnx({ normalised: false });
const INSIGHTFACE = { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5], order: 'rgb', layout: 'nchw' };

let base: string;
let pairs: readonly string[];
beforeAll(async () => {
  base = await temporaryFolder();
  pairs = await facesWithPairs(base, 10);
});

const folder = (name: string): string => join(base, name);

async function fileOf(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(folder(name), bytes);
  return `onnx:${folder(name)}`;
}

const there = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const train = (backbone: string, out: string, ...flags: string[]): Promise<CliResult> =>
  cf(['train', ...FLAGS, ...pairs, '--backbone', backbone, '--out', folder(out), ...flags]);

const evaluate = (model: string, ...flags: string[]): Promise<CliResult> =>
  cf(['eval', '--model', model, ...pairs, '--json', ...flags]);

/** What a model scores, but for its name. */
async function scoresOf(result: Promise<CliResult>): Promise<object> {
  const { code, stdout } = await result;
  expect(code).toBe(0);
  const { model, name, ...scores } = JSON.parse(stdout);
  return scores;
}

const pixelsOf = async (run: string): Promise<unknown> =>
  JSON.parse(metadataOf(decodeModel(await readFile(join(folder(run), 'model.onnx'))), PIXELS_KEY)!);

describe('a file that does not normalise its pixels', () => {
  it.each([
    ['eval', (file: string) => evaluate(file)],
    ['train', (file: string) => train(file, 'unused')],
    [
      'train --train embedding',
      (file: string) =>
        cf(['train', ...pairs, '--backbone', file, '--train=embedding', '--out', folder('unused')]),
    ],
  ])('is refused by cf %s, which names the presets', async (_, command) => {
    const { code, stderr } = await command(await fileOf('open.onnx', OPEN));
    expect(stderr).toMatch(/E_BACKBONE\]: .*--input insightface, imagenet, raw/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(3);
    expect(await there(folder('unused'))).toBe(false);
  });

  it('scores and trains with a flag as the file that holds the nodes', async () => {
    const open = await fileOf('flagged.onnx', OPEN);
    const whole = await fileOf('nodes.onnx', withPixelNodes(OPEN, 127.5, 127.5));
    expect(await scoresOf(evaluate(open, '--input=insightface'))).toEqual(await scoresOf(evaluate(whole)));
    expect(await scoresOf(evaluate(open, '--input=raw'))).not.toEqual(await scoresOf(evaluate(whole)));
    const runs = await Promise.all([train(open, 'flagged', '--input=insightface'), train(whole, 'nodes')]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect(await metricsOf(folder('flagged'))).toEqual(await metricsOf(folder('nodes')));
    expect(runs[0]!.stdout).toMatch(/^pixels: \(x − 127\.5\) \/ 127\.5, RGB, NCHW$/m);
    expect(await pixelsOf('flagged')).toEqual(INSIGHTFACE);
  });

  it('once trained says it itself, to every later command', async () => {
    const first = await train(await fileOf('first.onnx', OPEN), 'first', '--input=insightface');
    const model = `onnx:${join(folder('first'), 'model.onnx')}`;
    const trained = /^trained +accuracy (\S+)/m.exec(first.stdout)![1]!;
    const [scores, inspected, again, other, run] = await Promise.all([
      evaluate(model),
      cf(['inspect', model]),
      train(model, 'second'),
      evaluate(model, '--input=raw'),
      cf(['eval', '--run', folder('first'), ...pairs, '--json']),
    ]);
    expect(JSON.parse(scores.stdout).accuracy.toFixed(4)).toBe(trained);
    expect(await scoresOf(Promise.resolve(run))).toEqual(await scoresOf(Promise.resolve(scores)));
    expect(inspected.stdout).toMatch(/pixels {2}\(x − 127\.5\) \/ 127\.5, RGB, NCHW, as its metadata say/);
    expect(again.code).toBe(0);
    expect(await pixelsOf('second')).toEqual(INSIGHTFACE);
    expect(other.stdout).not.toBe(scores.stdout);
    const said = await cf(['eval', '--model', model, ...pairs, '--input=raw']);
    expect(said.stdout).toMatch(
      /^the file's metadata say \(x − 127\.5\) \/ 127\.5, RGB, NCHW; the flags go before them$/m,
    );
  });

  it('keeps its pixels in a run that starts from another', async () => {
    const file = await fileOf('start.onnx', OPEN);
    expect((await train(file, 'start', '--input=insightface')).code).toBe(0);
    const next = await train(file, 'next', '--init-from', folder('start'));
    expect(next.code).toBe(0);
    const { network } = JSON.parse(await readFile(join(folder('next'), 'config.json'), 'utf8'));
    expect(network.input).toBe('insightface');
    expect(await pixelsOf('next')).toEqual(INSIGHTFACE);
  });
});

describe('a file that normalises its pixels', () => {
  it('gets them once, whether or not a flag says the same', async () => {
    const file = await fileOf('whole.onnx', withPixelNodes(OPEN, 127.5, 128));
    expect(await scoresOf(evaluate(file, '--input=insightface'))).toEqual(await scoresOf(evaluate(file)));
    expect(await scoresOf(evaluate(file, '--input=raw'))).toEqual(await scoresOf(evaluate(file)));
    const said = await cf(['eval', '--model', file, ...pairs, '--input=insightface']);
    expect(said.stdout).toMatch(
      /^the file itself takes \(x − 127\.5\) · 0\.007813 in .*: it gets pixels from 0 to 255$/m,
    );
    const twice = await evaluate(file, '--input=imagenet');
    expect(twice.stderr).toMatch(/by itself, with pixels .*, expected pixels that are normalised once/);
    expect(twice.code).toBe(3);
  });

  it('of another range than 0 to 255 is refused without a flag', async () => {
    const file = await fileOf('unit.onnx', withPixelNodes(OPEN, 0.5, 0.5));
    const without = await evaluate(file);
    expect(without.stderr).toMatch(
      /does not normalise pixels from 0 to 255 by itself[\s\S]*--input-std 255 is 0 to 1/,
    );
    expect(without.code).toBe(3);
    const whole = await fileOf('bytes.onnx', withPixelNodes(OPEN, 127.5, 127.5));
    const [scores, same] = await Promise.all([evaluate(file, '--input-std=255'), evaluate(whole)]);
    const [actual, expected] = [scores, same].map(({ stdout }) => JSON.parse(stdout));
    expect(actual.accuracy).toBeCloseTo(expected.accuracy, 1);
    expect(actual.scoredPairs.auc).toBeCloseTo(expected.scoredPairs.auc, 2);
    const raw = JSON.parse((await evaluate(file, '--input=raw')).stdout);
    expect(Math.abs(raw.scoredPairs.auc - expected.scoredPairs.auc)).toBeGreaterThan(0.01);
  });
});

it('channels last, or blue first, score and train as the network itself', async () => {
  const file = await fileOf('plain.onnx', OPEN);
  const last = await fileOf('last.onnx', withChannelsLast(OPEN));
  const blue = await fileOf('blue.onnx', withChannelsReversed(OPEN));
  const imagenet = await scoresOf(evaluate(file, '--input=imagenet'));
  // The layout is seen in the shape; the preset's numbers go with their colours.
  expect(await scoresOf(evaluate(last, '--input=imagenet'))).toEqual(imagenet);
  expect(await scoresOf(evaluate(last, '--input=imagenet', '--input-layout=nhwc'))).toEqual(imagenet);
  expect(await scoresOf(evaluate(blue, '--input=imagenet', '--input-order=bgr'))).toEqual(imagenet);
  expect(await scoresOf(evaluate(blue, '--input=imagenet'))).not.toEqual(imagenet);
  // So that sums are taken in the same order.
  const flags = ['--input=imagenet', '--kernels=onnxruntime'];
  const runs = await Promise.all([
    train(file, 'plain', ...flags),
    train(last, 'last', ...flags),
    train(blue, 'blue', ...flags, '--input-order=bgr'),
  ]);
  expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
  const [plain, ...others] = await Promise.all(
    ['plain', 'last', 'blue'].map((run) => metricsOf(folder(run))),
  );
  for (const other of others) expect(other).toEqual(plain);
  const wrong = await evaluate(last, '--input=imagenet', '--input-layout=nchw');
  expect(wrong.stderr).toMatch(/\[N, 8, 8, 3\], expected pictures \[N, 3, height, width\]/);
  expect(wrong.code).toBe(3);
});

describe('a run that is resumed', () => {
  it('is refused where its configuration wants other pixels than it began with', async () => {
    const file = await fileOf('resumed.onnx', OPEN);
    expect((await train(file, 'resumed', '--input=insightface')).code).toBe(0);
    const path = join(folder('resumed'), 'config.json');
    const config = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...config, network: { ...config.network, input: 'raw' } }));
    const { code, stderr } = await cf(['train', '--resume', folder('resumed')]);
    expect(stderr).toMatch(/of a training with resumed\.onnx.*pixels \(x − 127\.5\).*expected resumed\.onnx/);
    expect(code).toBe(3);
    const flagged = await cf(['train', '--resume', folder('resumed'), '--input=insightface']);
    expect(flagged.stderr).toMatch(/--resume with --input/);
    expect(flagged.code).toBe(2);
  });

  it('is refused where the features of its embedding are of another file', async () => {
    const file = await fileOf('features.onnx', smallOnnx());
    const flags = [
      'train',
      ...pairs,
      '--train=embedding',
      '--epochs=1',
      '--batch=8',
      '--dim=8',
      '--no-control',
    ];
    const begun = await cf([...flags, '--backbone', file, '--out', folder('features')]);
    expect(begun.code).toBe(0);
    await fileOf('features.onnx', withPixelNodes(OPEN, 127.5, 127.5));
    const { code, stderr } = await cf(['train', '--resume', folder('features')]);
    expect(stderr).toMatch(/of a training with features\.onnx: embedding 8 → 8/);
    expect(code).toBe(3);
  });
});
