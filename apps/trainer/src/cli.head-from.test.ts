import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tensorBytes } from '@cf/data';
import { beforeAll, describe, expect, it } from 'vitest';
import { readTensors, type Tensor } from './run/safetensors.ts';
import { temporaryFolder } from './testing.ts';
import { cf, SMALL } from './testing-cli.ts';

const TRAINING = [...SMALL, '--no-control', '--no-flip'];
/** People that are trained on: a fifth is held out. */
const CLASSES = 12;
const DIM = 16;

let base: string;
let run: string;
const file = (name: string): string => join(base, `${name}.safetensors`);

/** Starts a training from a head, looking at it alone. */
const starts = (path: string, ...flags: readonly string[]): ReturnType<typeof cf> =>
  cf(['train', ...TRAINING, '--head-from', path, '--dry-run', ...flags]);

beforeAll(async () => {
  base = await temporaryFolder();
  run = join(base, 'run');
  const trained = await cf(['train', ...TRAINING, '--out', run]);
  expect([trained.stderr, trained.code]).toEqual([expect.not.stringMatching(/Error/), 0]);
  for (const names of ['kernel', 'weight']) {
    const out = join(base, names);
    const { code, stdout } = await cf([
      'export',
      '--run',
      run,
      '--out',
      out,
      '--no-embeddings',
      '--head',
      names,
    ]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(`head as '${names}': .*head.safetensors`)]);
  }
});

describe('a head by published names', () => {
  it('has the class centers and t of the run, in columns or in rows', async () => {
    const checkpoint = await readTensors(join(run, 'checkpoint.safetensors'));
    const { t } = JSON.parse(checkpoint.metadata.values!).lossState.values;
    const [ofKernel, ofWeight] = await Promise.all(
      ['kernel', 'weight'].map((names) => readTensors(join(base, names, 'head.safetensors'))),
    );
    const centers = checkpoint.tensors['class.centers']!;
    expect(ofWeight!.tensors.weight).toEqual({ shape: [CLASSES, DIM], data: centers.data });
    const { kernel } = ofKernel!.tensors;
    expect(kernel!.shape).toEqual([DIM, CLASSES]);
    for (const [at, value] of centers.data.entries())
      expect(kernel!.data[(at % DIM) * CLASSES + Math.floor(at / DIM)]).toBe(value);
    for (const { tensors } of [ofKernel!, ofWeight!])
      expect(tensors.t).toEqual({ shape: [1], data: Float32Array.of(t) });
    expect(JSON.parse(ofKernel!.metadata.identities!)).toHaveLength(CLASSES);
  });

  it.each(['kernel', 'weight'])(
    'with %s starts a training, whose first step has its class centers and t',
    async (names) => {
      const path = join(base, names, 'head.safetensors');
      const out = join(base, `from-${names}`);
      const still = ['--lr=1e-30', '--warmup-steps=0', '--weight-decay=0', '--epochs=1', '--alpha=1e-9'];
      const { code, stdout, stderr } = await cf([
        'train',
        ...TRAINING,
        ...still,
        '--head-from',
        path,
        '--out',
        out,
      ]);
      expect([stderr, code]).toEqual([expect.not.stringMatching(/Error/), 0]);
      expect(stdout).toMatch(/^12 class centers from .*head\.safetensors, t = 0\.\d+$/m);
      const [before, after] = await Promise.all(
        [run, out].map((folder) => readTensors(join(folder, 'checkpoint.safetensors'))),
      );
      // Nothing moves at that rate.
      expect(after!.tensors['class.centers']).toEqual(before!.tensors['class.centers']);
      const [old, now] = [before!, after!].map(
        ({ metadata }) => JSON.parse(metadata.values!).lossState.values.t,
      );
      expect(now).toBeCloseTo(old, 6);
      expect(old).toBeGreaterThan(1e-4);
      expect(JSON.parse(await readFile(join(out, 'config.json'), 'utf8')).headFrom).toBe(path);
    },
  );

  const tensors = (
    shape: readonly number[],
    t: readonly number[] | undefined = [0.5],
  ): Map<string, Tensor> => {
    const length = shape.reduce((product, size) => product * size, 1);
    return new Map([
      ['kernel', { shape, data: new Float32Array(length).fill(1) }],
      ...(t === undefined ? [] : [['t', { shape: [t.length], data: Float32Array.from(t) }] as const]),
    ]);
  };
  const without = tensors([DIM, CLASSES]);
  without.delete('t');

  it.each([
    ['of other classes', tensors([DIM, 9]), /9 class centers: 'kernel' \[16, 9\], expected 12 classes/],
    ['of another length', tensors([8, CLASSES]), /class centers of length 8: .*expected length 16/],
    [
      'the other way round',
      tensors([CLASSES, DIM]),
      /'kernel' \[12, 16\], the other way round.*\n.*call it 'weight'/,
    ],
    ['without t', without, /no tensor 't', expected 't' \[1\]/],
    [
      'with t out of its range',
      tensors([DIM, CLASSES], [3]),
      /state\.t = 3, expected -1\.0*1 ≤ state\.t ≤ 1\.0*1/,
    ],
    ['with t that is no number', tensors([DIM, CLASSES], [Number.NaN]), /state\.t\[0\] = NaN/],
    ['with two t', tensors([DIM, CLASSES], [0, 0]), /'t' \[2\], expected 't' \[1\]/],
    ['without class centers', new Map([['t', without.get('kernel')!]]), /no tensor 'weight'/],
  ] as const)(
    '%s is refused before anything is written, with one clear error',
    async (name, given, message) => {
      await writeFile(file(name), tensorBytes(given));
      const { code, stderr } = await starts(file(name));
      expect(stderr).toMatch(/^UsageError .*--head-from '.*\.safetensors' with /m);
      expect(stderr).toMatch(message);
      expect(code).toBe(2);
    },
  );

  it('of other people, of another loss, of no such file, or beside a run to start from is refused', async () => {
    const path = join(base, 'kernel', 'head.safetensors');
    const { tensors: own, metadata } = await readTensors(path);
    const names: readonly string[] = JSON.parse(metadata.identities!);
    const turned = JSON.stringify(names.toReversed());
    await writeFile(file('turned'), tensorBytes(new Map(Object.entries(own)), { identities: turned }));
    expect((await starts(file('turned'))).stderr).toMatch(
      `'${names.at(-1)}' as class 0, expected '${names[0]}'`,
    );
    expect((await starts(path, '--loss', 'arcface')).stderr).toMatch(/tensor of a head of arcface 't'/);
    expect((await starts(file('none'))).stderr).toMatch(
      /^UsageError .*none\.safetensors.*\n.*give a safetensors file/m,
    );
    await writeFile(file('broken'), 'x');
    expect((await starts(file('broken'))).stderr).toMatch(/^UsageError .*broken\.safetensors/m);
    expect((await starts(path, '--init-from', run)).stderr).toMatch(
      /--init-from with --head-from, expected one/,
    );
  });

  it('is exported of a run alone, under names that there are', async () => {
    const out = join(base, 'other');
    const wrong = await cf(['export', '--run', run, '--out', out, '--head', 'kernal']);
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringMatching(/head = "kernal", expected one of "kernel", "weight"/),
    ]);
    const file = await cf(['export', '--model', 'onnx:x.onnx', '--out', out, '--head', 'kernel']);
    expect([file.code, file.stderr]).toEqual([
      2,
      expect.stringMatching(/--head with --model, expected --run/),
    ]);
  });
});
