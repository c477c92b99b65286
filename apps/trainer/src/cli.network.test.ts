import { access, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeModel, encodeModel } from '@cf/onnx';
import { beforeAll, describe, expect, it } from 'vitest';
import { failingAbove, smallOnnx } from './testing/onnx-files.ts';
import { contents, temporaryFolder } from './testing.ts';
import { type CliResult, cf, facesWithPairs, metricsOf } from './testing-cli.ts';

let base: string;
let file: string;
beforeAll(async () => {
  base = await temporaryFolder();
  file = join(base, 'small.onnx');
  await writeFile(file, smallOnnx());
});

const DRAWN = ['--identities=20', '--images-per-identity=6'];
const FLAGS = [
  '--epochs=3',
  '--batch=16',
  '--lr=0.05',
  '--warmup-steps=4',
  '--threads=1',
  '--augment-shift=1',
];

const there = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

describe('cf train on a network of a file', () => {
  let run: string;
  let result: CliResult;
  beforeAll(async () => {
    run = join(base, 'run');
    result = await cf(['train', ...DRAWN, ...FLAGS, '--backbone', `onnx:${file}`, '--out', run]);
  });

  it('says what it did', () => {
    expect(result.stderr).toMatch(/^pictures: 120 images in [\s\S]*\ntraining: 18 steps in/);
    expect(result.stdout).toMatch(/^16 identities, 96 images to train on; \d+ pairs from 4 drawn identities/);
    expect(result.stdout).toMatch(/^curricularface on small\.onnx, all layers: 8×8 → 8, 16 classes, head '/m);
    for (const name of ['trained', 'trained, flipped', 'small.onnx before', 'pixels 8×8 alone'])
      expect(result.stdout).toMatch(new RegExp(`^${name} +accuracy 0\\.\\d{4}`, 'm'));
    expect(result.stdout).not.toMatch(/control/);
    expect(result.stdout).toMatch(/\ndone in .*; report: .*report\.html, model: .*model\.onnx\n$/);
    expect(result.code).toBe(0);
  });

  it('trains the same in low memory, and says what that gives and costs', async () => {
    const low = join(base, 'low');
    const flags = [...DRAWN, ...FLAGS, '--backbone', `onnx:${file}`, '--kernels=onnxruntime', '--epochs=1'];
    const kept = join(base, 'kept');
    await cf(['train', ...flags, '--out', kept]);
    const { code, stdout } = await cf(['train', ...flags, '--memory=low', '--out', low]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/memory low: about \d+ MB less of \d+ MB at batches of 16, for about \d+ % more/);
    const losses = async (folder: string): Promise<readonly number[]> =>
      (await metricsOf(folder)).map(({ loss }) => loss);
    expect(await losses(low)).toEqual(await losses(kept));
  });

  it('writes every file of a run, and a model with the names of the file', async () => {
    const files = Object.keys(await contents(run)).map((path) => path.slice(run.length + 1));
    expect(files.filter((name) => !name.startsWith('events.out.tfevents'))).toEqual([
      'checkpoint-12.safetensors',
      'checkpoint.safetensors',
      'config.json',
      'environment.json',
      'metrics.jsonl',
      'model.onnx',
      'pair-scores.json',
      'report.html',
      'results.json',
    ]);
    const metrics = await metricsOf(run);
    expect(metrics.map(({ step }) => step)).toEqual(Array.from({ length: 18 }, (_, i) => i + 1));
    for (const record of metrics) {
      for (const name of ['loss', 't', 'meanTargetCosine', 'learningRate', 'gradientNorm'])
        expect(Number.isFinite(record[name])).toBe(true);
    }
    const [before, after] = [
      decodeModel(await readFile(file)),
      decodeModel(await readFile(join(run, 'model.onnx'))),
    ];
    const names = ({ graph }: typeof before) =>
      [graph!.input, graph!.output, graph!.node].map((l) => l.map((v) => v.name));
    expect(names(after)).toEqual(names(before));
    const page = await readFile(join(run, 'report.html'), 'utf8');
    for (const title of ['Loss', 'Curriculum', 'Hard negatives', 'Gradient', 'Speed', 'ROC', 'Scores'])
      expect(page).toMatch(new RegExp(`${title}[\\s\\S]*?<svg`));
    // Pictures in base64 may spell anything.
    expect(page.replaceAll(/base64,[\w+/=]*/g, '')).not.toMatch(/NaN|undefined/);
  });

  it('gives the same bytes from its config.json', async () => {
    const copy = join(base, 'copy');
    expect((await cf(['train', '--config', join(run, 'config.json'), '--out', copy])).code).toBe(0);
    for (const name of ['model.onnx', 'checkpoint.safetensors', 'results.json'])
      expect(await readFile(join(copy, name))).toEqual(await readFile(join(run, name)));
    expect(await metricsOf(copy)).toEqual(await metricsOf(run));
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('goes on to the same bytes after %s', async (name) => {
    const path = join(base, name);
    const afterAnEpoch = async (): Promise<boolean> =>
      (await stat(join(path, 'metrics.jsonl')).catch(() => ({ size: 0 }))).size > 0;
    const flags = [...DRAWN, ...FLAGS, '--backbone', `onnx:${file}`];
    const stopped = await cf(['train', ...flags, '--out', path], { signal: { name, when: afterAnEpoch } });
    expect(stopped.code).toBe(name === 'SIGINT' ? 130 : null);
    expect(await there(join(path, 'model.onnx'))).toBe(false);
    const resumed = await cf(['train', '--resume', path]);
    expect(resumed.stdout).toMatch(/resumed at step \d+/);
    expect(resumed.code).toBe(0);
    for (const written of ['model.onnx', 'checkpoint.safetensors', 'results.json'])
      expect(await readFile(join(path, written))).toEqual(await readFile(join(run, written)));
    expect(await metricsOf(path)).toEqual(await metricsOf(run));
  });

  it('is scored by cf eval as by cf train, from the run and from its model', async () => {
    const path = join(base, 'folder');
    const pairFlags = await facesWithPairs(base, 10);
    const training = await cf(['train', ...FLAGS, ...pairFlags, '--backbone', `onnx:${file}`, '--out', path]);
    expect(training.code).toBe(0);
    expect(training.stdout).toMatch(
      /^(\d+) of \1 scored pairs are of people who are trained on: .* strangers$/m,
    );
    const printed = (name: string): string =>
      new RegExp(`^${name} +accuracy (\\S+)`, 'm').exec(training.stdout)![1]!;
    const [ofRun, ofModel, before] = await Promise.all([
      cf(['eval', '--run', path, ...pairFlags, '--flip']),
      cf(['eval', '--model', `onnx:${join(path, 'model.onnx')}`, ...pairFlags]),
      cf(['eval', '--model', `onnx:${file}`, ...pairFlags]),
    ]);
    const accuracy = ({ stdout }: CliResult): string => /^accuracy {2}(\S+)/m.exec(stdout)![1]!;
    expect(accuracy(ofRun)).toBe(printed('trained, flipped'));
    expect(accuracy(ofModel)).toBe(printed('trained'));
    expect(accuracy(before)).toBe(printed('small.onnx before'));
  });
});

it('a control is trained where it is asked for, and layers stay as they are', async () => {
  const run = join(base, 'frozen');
  const flags = [
    '--backbone',
    `onnx:${file}`,
    '--freeze-until=relu',
    '--freeze-bn',
    '--control',
    '--no-flip',
  ];
  const { code, stdout } = await cf(['train', ...DRAWN, ...FLAGS, ...flags, '--epochs=1', '--out', run]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^control, shuffled labels +accuracy/m);
  expect(stdout).toMatch(/weights train in 1 tensors; frozen: \d+ × [^0-9]/);
  const weights = (bytes: Uint8Array): Map<string, unknown> =>
    new Map(decodeModel(bytes).graph!.initializer.map(({ name, rawData }) => [name, rawData]));
  const [before, after] = [weights(await readFile(file)), weights(await readFile(join(run, 'model.onnx')))];
  const moved = [...before.keys()].filter(
    (name) => Buffer.compare(before.get(name) as never, after.get(name) as never) !== 0,
  );
  expect(moved).toEqual(['fc.weight']);
});

it('a training that diverges exits with 4, says where and what to try, and keeps the last good checkpoint', async () => {
  const run = join(base, 'diverged');
  const flags = ['--backbone', `onnx:${file}`, '--lr=1e30', '--warmup-steps=0'];
  const { code, stderr } = await cf(['train', ...DRAWN, ...FLAGS.slice(0, 2), ...flags, '--out', run]);
  expect(stderr).toMatch(/DivergedError \[E_DIVERGED\]: .* at step \d+ \(learning rate .*\n.*--lr/s);
  expect(code).toBe(4);
  expect(await there(join(run, 'checkpoint.safetensors'))).toBe(true);
  expect(await there(join(run, 'model.onnx'))).toBe(false);
});

it.each<[number, RegExp]>([
  [2, /BackboneError \[E_BACKBONE\]: '.*few\.onnx' fails on 8 pictures \(.*Gather/],
  [8, /BackboneError \[E_BACKBONE\]: the forward pass on 16 samples of 'few\.onnx', which failed \(.*Gather/],
])(
  'a network that fails on more than %i pictures is named, and no run folder is left',
  async (most, message) => {
    const path = join(base, 'few.onnx');
    await writeFile(path, failingAbove(smallOnnx(), most));
    const out = join(base, 'failed');
    const flags = [...DRAWN, ...FLAGS, '--backbone', `onnx:${path}`, '--input=raw', '--out', out];
    const { code, stderr } = await cf(['train', ...flags]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(3);
    expect(await there(out)).toBe(false);
  },
);

describe.concurrent('a network that can not be trained is named before anything starts', () => {
  const write = async (name: string, bytes: Uint8Array): Promise<string> => {
    const path = join(base, name);
    await writeFile(path, bytes);
    return `onnx:${path}`;
  };

  it.each<[string, () => Promise<readonly string[]>, number, RegExp]>([
    [
      'an operator without a gradient',
      async () => [await write('round.onnx', smallOnnx({ operator: 'SampleOp' }))],
      3,
      /UnsupportedOperatorError \[E_ONNX_OPERATOR\]: node 'extra' \(com.microsoft.SampleOp\)/,
    ],
    [
      'an unknown opset',
      async () => [await write('opset.onnx', withOpset99(smallOnnx()))],
      3,
      /OnnxOpsetError \[E_ONNX_OPSET\]: opset 99/,
    ],
    [
      'a file cut short',
      async () => [await write('cut.onnx', smallOnnx().subarray(0, 900))],
      3,
      /BackboneError \[E_BACKBONE\]: .*cut\.onnx' \(/,
    ],
    [
      'embeddings of another length than asked for',
      async () => [await write('whole.onnx', smallOnnx()), '--dim=16'],
      2,
      /dim = 16 for .*whole\.onnx', whose embeddings have 8 numbers, expected dim = 8/,
    ],
    [
      'a batch that does not fit in memory',
      async () => ['tiny-iresnet', '--batch=65536', '--identities=3000', '--images-per-identity=30'],
      2,
      /BatchMemoryError \[E_BATCH_MEMORY\]: a batch of 65536 pictures, whose activations take at least .* GB/,
    ],
    [
      'a node that is not there',
      async () => [await write('fine.onnx', smallOnnx()), '--freeze-until=nowhere'],
      3,
      /nowhere/,
    ],
  ])('%s', async (_, backbone, expected, message) => {
    const out = join(base, 'unused');
    const { code, stderr } = await cf(['train', ...DRAWN, '--backbone', ...(await backbone()), '--out', out]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(expected);
    expect(await there(out)).toBe(false);
  });
});

/** A model whose one operator set is of a version that is not there yet. */
function withOpset99(bytes: Uint8Array): Uint8Array {
  const model = decodeModel(bytes);
  for (const set of model.opsetImport) set.version = 99n;
  return encodeModel(model);
}
