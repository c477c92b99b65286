import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { backbone } from '@cf/backbones';
import { decodeModel, encodeModel, GraphBuilder, onnxModel } from '@cf/onnx';
import { beforeAll, describe, expect, it } from 'vitest';
import { smallOnnx, withNodesInFront, withOutput } from './testing/onnx-files.ts';
import { contents, temporaryFolder } from './testing.ts';
import { cf } from './testing-cli.ts';

let base: string;
beforeAll(async () => {
  base = await temporaryFolder();
});

async function fileOf(name: string, bytes: Uint8Array): Promise<string> {
  const file = join(base, name);
  await writeFile(file, bytes);
  return file;
}

/** A network of two inputs, both of pictures. */
function withTwoInputs(bytes: Uint8Array): Uint8Array {
  return withNodesInFront(bytes, ['N', 3, 8, 8], (builder, input) =>
    builder.op('Add', [input, builder.input('other', 'float32', ['N', 3, 8, 8])]),
  );
}

/** A network whose batch can't be told from what it embeds. */
function withClasses(bytes: Uint8Array): Uint8Array {
  const model = decodeModel(bytes);
  model.graph!.output.splice(0, 1);
  const builder = GraphBuilder.extend(model);
  builder.output(builder.op('ArgMax', ['embedding'], { axis: { int: 1 }, keepdims: { int: 0 } }), 'int64', [
    'N',
  ]);
  return encodeModel(builder.build());
}

describe('cf inspect', () => {
  it('tells all of a file, and neither reads nor writes another', async () => {
    const folder = join(base, 'alone');
    await mkdir(folder);
    const file = await fileOf('alone/small.onnx', smallOnnx());
    const { code, stdout, stderr } = await cf(['inspect', file, '--batch=64']);
    expect([code, stderr]).toEqual([0, '']);
    for (const line of [
      /^ {2}input {3}data: float32 \[N, 3, 8, 8\]$/m,
      /^ {2}output {2}embedding: float32 \[N, 8\]$/m,
      /^ {2}pixels {2}RGB 0 to 255, NCHW; the file itself takes \(x − 0\) · 0\.007843 \(scaled\)$/m,
      /^ {2}parameters +1,273, of which 1,256 train$/m,
      /^ {2}multiply-adds +4,480 a picture$/m,
      /^ {2}memory +\S+ MB to train batches of 64; \S+ MB a picture$/m,
      /^ {2}conv +Conv +\[1, 8, 4, 4\] +216 +3,456$/m,
      /^trains \(4\)\n {2}conv\.weight +\[8, 3, 3, 3\] +of conv\n/m,
      /^ {2}2 × running statistics, which move with the batches: bn\.running_mean \[8\], bn\.running_var \[8\]$/m,
    ])
      expect(stdout).toMatch(line);
    expect(stdout).toMatch(/small\.onnx can train\n$/);
    expect(await readdir(folder)).toEqual(['small.onnx']);
    expect(Buffer.from(smallOnnx()).equals(await readFile(file))).toBe(true);
    expect(Object.keys(await contents(base)).filter((name) => !name.endsWith('.onnx'))).toEqual([]);
  });

  it('prints one object, from which a program can take all of it', async () => {
    const file = await fileOf('object.onnx', smallOnnx({ normalised: false }));
    const { code, stdout } = await cf(['inspect', `onnx:${file}`, '--json', '--input=insightface']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      input: 'data',
      output: 'embedding',
      totals: { trainedParameters: 1256 },
      pixels: { kind: 'none', form: { mean: [127.5, 127.5, 127.5], order: 'rgb', layout: 'nchw' } },
      notes: ['pixels: (x − 127.5) / 127.5, RGB, NCHW'],
      refusals: [],
      wasTried: true,
    });
  });

  it('says what to say of pixels that the file leaves open', async () => {
    const file = await fileOf('open.onnx', smallOnnx({ normalised: false }));
    const { code, stdout } = await cf(['inspect', file]);
    expect(stdout).toMatch(
      /pixels {2}not normalised by the file: say --input insightface, imagenet, raw, or --input-mean/,
    );
    expect(stdout).toMatch(/open\.onnx can train, once --input says how its pixels are normalised\n$/);
    expect(code).toBe(0);
  });

  it('shortens long lists, unless all is asked for', async () => {
    const model = onnxModel(backbone('iresnet18', { embeddingSize: 8, seed: 1 }));
    const file = await fileOf('long.onnx', encodeModel(model));
    const [short, long] = await Promise.all([cf(['inspect', file]), cf(['inspect', file, '--all'])]);
    expect(short.stdout).toMatch(/… and \d+ more: --all prints them/);
    expect(short.stdout.split('\n').length).toBeLessThan(90);
    expect(long.stdout).not.toMatch(/more/);
    for (const { name } of model.graph!.node) expect(long.stdout).toContain(name);
  });

  it.each<[string, () => Uint8Array, readonly string[], RegExp]>([
    [
      'two outputs',
      () => withOutput(smallOnnx(), 'flatten', ['N', 128]),
      ['--output-name=embedding'],
      /2 outputs, expected one of 'embedding' \[N, 8\], 'flatten' \[N, 128\]; name it with --output-name$/m,
    ],
    [
      'two inputs',
      () => withTwoInputs(smallOnnx()),
      [],
      /2 inputs, expected one of 'pixels' \[N, 3, 8, 8\], 'other' \[N, 3, 8, 8\]; name it with --input-name$/m,
    ],
  ])('lists the candidates of %s, and the flag', async (name, bytes, flags, message) => {
    const file = await fileOf(`${name}.onnx`, bytes());
    const { code, stdout } = await cf(['inspect', file]);
    expect(stdout).toMatch(message);
    expect(stdout).toMatch(/can not train, for one reason\n$/);
    expect(code).toBe(3);
    if (flags.length > 0) expect((await cf(['inspect', file, ...flags])).code).toBe(0);
  });

  it.each<[string, () => Uint8Array, RegExp, readonly string[]]>([
    [
      'grey pictures',
      () => smallOnnx({ channels: 1 }),
      /\[N, 1, 8, 8\], expected pictures \[N, 3, height, width\]/,
      [],
    ],
    [
      'numbers of classes',
      () => withClasses(smallOnnx()),
      /output 'argmax', which gives int64, expected embeddings of float32; name another output\n/,
      [],
    ],
    ['a node to freeze to that is not there', () => smallOnnx(), /nowhere/, ['--freeze-until=nowhere']],
    ['what it normalises itself', () => smallOnnx(), /pixels that are normalised once/, ['--input=imagenet']],
  ])('refuses %s', async (name, bytes, message, flags) => {
    const { code, stdout } = await cf(['inspect', await fileOf(`${name}.onnx`, bytes()), ...flags]);
    expect(stdout).toMatch(message);
    expect(code).toBe(3);
  });

  it('tells every reason at once, and so does cf train', async () => {
    const file = await fileOf(
      'reasons.onnx',
      smallOnnx({ operator: 'SampleOp', channels: 4, normalised: false }),
    );
    const inspected = await cf(['inspect', file]);
    expect(inspected.stdout).toMatch(/node 'extra' \(com\.microsoft\.SampleOp\)/);
    expect(inspected.stdout).toMatch(/\[N, 4, 8, 8\], expected pictures/);
    expect(inspected.stdout).toMatch(/can not train, for 2 reasons\n$/);
    const out = join(base, 'unused');
    const trained = await cf(['train', '--backbone', `onnx:${file}`, '--out', out]);
    expect(trained.stderr).toMatch(
      /refused for 3 reasons, expected none of these:\n- node 'extra'.*\n- .*\[N, 4, 8, 8\].*\n- .*--input insightface/,
    );
    expect([inspected.code, trained.code]).toEqual([3, 3]);
    expect(await readdir(base)).not.toContain('unused');
  });

  it.each<[string, readonly string[], number, RegExp]>([
    ['a file that is not there', ['nowhere.onnx'], 3, /nowhere\.onnx', which does not exist/],
    ['a batch that is none', ['small.onnx', '--batch=0.5'], 2, /batch/],
    ['no file', [], 2, /missing required argument/],
  ])('%s is an error', async (_, args, expected, message) => {
    const { code, stderr } = await cf(['inspect', ...args]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(expected);
  });

  it('says its exit codes', async () => {
    expect((await cf(['inspect', '--help'])).stdout).toMatch(
      /exit code is 0 only if the file can train, 3 if/,
    );
  });
});
