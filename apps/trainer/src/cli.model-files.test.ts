import { access, mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeModel, fromFloat32, readTensor, readWeights, withWeights } from '@cf/onnx';
import { readModelFile, writeModelFile } from '@cf/onnx/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { smallOnnx } from './testing/onnx-files.ts';
import { temporaryFolder } from './testing.ts';
import { cf, facesWithPairs } from './testing-cli.ts';

let base: string;
let pairs: readonly string[];
beforeAll(async () => {
  base = await temporaryFolder();
  pairs = await facesWithPairs(base, 10);
});

const FLAGS = [
  '--epochs=1',
  '--batch=16',
  '--lr=0.05',
  '--warmup-steps=2',
  '--threads=1',
  '--augment-shift=1',
];

/** A float16 file, with its weights beside it. */
async function split(folder: string): Promise<string> {
  await mkdir(join(base, folder), { recursive: true });
  const file = join(base, folder, 'small.onnx');
  const { model } = fromFloat32(decodeModel(smallOnnx()), 'float16', { keepIo: false });
  await writeModelFile(file, model, { external: { location: 'weights/small.bin', threshold: 100 } });
  return file;
}

const typesOf = async (file: string): Promise<Set<string>> => {
  const { graph } = await readModelFile(file);
  return new Set(
    graph!.initializer.filter(({ dims }) => dims.length > 1).map((tensor) => readTensor(tensor).type),
  );
};

describe('a float16 file with its weights in another file', () => {
  it.each(['float32', 'float16', 'bfloat16'])(
    'is trained, and written back beside its weights in %s',
    async (type) => {
      const file = await split(`in-${type}`);
      const run = join(base, `run-${type}`);
      const asked = type === 'float32' ? [] : [`--export-type=${type}`];
      const trained = await cf([
        'train',
        ...FLAGS,
        ...pairs,
        '--backbone',
        `onnx:${file}`,
        ...asked,
        '--out',
        run,
      ]);
      expect(trained.stderr).not.toMatch(/Error/);
      expect(trained.code).toBe(0);
      expect(trained.stdout).toMatch(/what is float16 or bfloat16 in the file is float32 here/);
      if (type !== 'float32') expect(trained.stdout).toMatch(new RegExp(`exported in ${type}`));
      await access(join(run, 'weights/small.bin'));
      expect((await readFile(join(run, 'model.onnx'))).length).toBeLessThan(3000);
      expect(await typesOf(join(run, 'model.onnx'))).toEqual(new Set([type]));
      const scored = await cf(['eval', '--run', run, ...pairs]);
      const accuracy = /^accuracy {2}(\S+)/m.exec(scored.stdout)![1]!;
      // What eval computes with rounded weights in float32, train scored as the file runs.
      const printed = /^trained +accuracy (\S+)/m.exec(trained.stdout)![1]!;
      expect(Math.abs(Number(accuracy) - Number(printed))).toBeLessThan(0.05);
      const again = await cf(['inspect', join(run, 'model.onnx')]);
      expect(again.code).toBe(0);
    },
  );

  it('without it is refused by name, before anything is written', async () => {
    const file = await split('lost');
    await rename(join(base, 'lost/weights/small.bin'), join(base, 'lost/weights/other.bin'));
    for (const args of [
      ['train', ...FLAGS, ...pairs, '--backbone', `onnx:${file}`, '--out', join(base, 'none')],
      ['eval', '--model', `onnx:${file}`, ...pairs],
      ['inspect', file],
    ]) {
      const { code, stderr } = await cf(args);
      expect(stderr).toMatch(/BackboneError \[E_BACKBONE\]: .*'weights\/small\.bin' is missing/);
      expect(code).toBe(3);
    }
    await expect(access(join(base, 'none'))).rejects.toThrow();
  });

  it('is refused where its name is that of a file of the run', async () => {
    await mkdir(join(base, 'taken'));
    const file = join(base, 'taken', 'small.onnx');
    await writeModelFile(file, decodeModel(smallOnnx()), { external: { location: 'config.json' } });
    const { code, stderr } = await cf(['inspect', file]);
    expect(stderr).toMatch(/weights in 'config\.json'/);
    expect(code).toBe(3);
  });
});

it('weights that float16 has no room for are told before training', async () => {
  const model = decodeModel(smallOnnx());
  const huge = readWeights(model, ['fc.weight']);
  (huge.get('fc.weight')!.data as Float32Array)[0] = 1e5;
  const file = join(base, 'large.onnx');
  await writeModelFile(file, withWeights(model, huge));
  const out = join(base, 'large');
  const flags = [...FLAGS, ...pairs, '--backbone', `onnx:${file}`, '--export-type=float16', '--out', out];
  const { code, stderr } = await cf(['train', ...flags]);
  expect(stderr).toMatch(/numbers beyond float16 in 'fc\.weight'/);
  expect(code).toBe(3);
  await expect(access(out)).rejects.toThrow();
});
