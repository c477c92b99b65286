import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tinyIresnet } from '@cf/backbones';
import { CHROMIUM, hasChromium, openSite } from '@cf/browser-testing';
import { toTensorNCHW } from '@cf/data';
import { decodeImage } from '@cf/data/node';
import { decodeModel, encodeModel, metadataOf, onnxModel } from '@cf/onnx';
import sharp from 'sharp';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { openOnnxNetwork } from '../engines/onnx-network.ts';
import { runProgram } from '../program.ts';
import { temporaryFolder } from '../testing.ts';
import { preprocessingOf } from './card-facts.ts';
import { browserCode, nodeCode, SIMILARITY_CODE } from './usage-code.ts';

const SIDE = 112;
let base: string;
let out: string;
/** What the export printed. */
let told: string;
/** Of the test picture, by this program: float, then bytes. */
let embeddings: readonly (readonly number[])[];

/** In this process. */
async function cf(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const texts = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      texts[name] += text;
      return true;
    }),
  );
  const log = vi.spyOn(console, 'log').mockImplementation((line) => {
    texts.stdout += `${line}\n`;
  });
  process.exitCode = 0;
  try {
    await runProgram(args);
    return { code: Number(process.exitCode), ...texts };
  } finally {
    process.exitCode = 0;
    for (const spy of [...spies, log]) spy.mockRestore();
  }
}

beforeAll(async () => {
  base = await realpath(await temporaryFolder());
  out = join(base, 'exported');
  const network = onnxModel(tinyIresnet({ inputSize: SIDE, embeddingSize: 16, seed: 3 }));
  await writeFile(join(base, 'network.onnx'), encodeModel(network));
  const faces = join(base, 'faces');
  expect((await cf(['faces', '--identities=10', '--images-per-identity=2', '--out', faces])).code).toBe(0);
  const picture = (await readdir(faces, { recursive: true })).find((name) => /\.(png|jpg|webp)$/.test(name))!;
  await mkdir(out);
  await writeFile(
    join(out, 'face.png'),
    await sharp(join(faces, picture)).resize(SIDE, SIDE).png().toBuffer(),
  );
  const exported = await cf([
    'export',
    '--model',
    `onnx:${join(base, 'network.onnx')}`,
    ...['--quantise', '--calibration-pictures=6', '--licence=cc-by-4.0', '--data', faces, '--out', out],
  ]);
  expect([exported.code, exported.stderr]).toEqual([0, expect.not.stringContaining('Error')]);
  told = exported.stdout;
  const face = await decodeImage(join(out, 'face.png'), {
    width: SIDE,
    height: SIDE,
    channels: 3,
  });
  embeddings = await Promise.all(
    ['model.onnx', 'model.uint8.onnx'].map(async (name) => {
      const opened = await openOnnxNetwork(name, new Uint8Array(await readFile(join(out, name))));
      const embedding = [...(await opened.run(toTensorNCHW([face]), 1))];
      await opened.dispose();
      return embedding;
    }),
  );
});

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, v, i) => sum + v * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** How far two embeddings are apart, of the largest number. */
function distance(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((x, i) => Math.abs(x - b[i]!))) / Math.max(...b.map(Math.abs));
}

describe('an exported file', () => {
  it('comes with its card, for people and in its metadata, and in bytes with what that lost', async () => {
    const card = await readFile(join(out, 'README.md'), 'utf8');
    for (const part of [
      /^---\n[\s\S]*license: "cc-by-4\.0"\n[\s\S]*---\n/,
      /^- input: data \[N, 3, 112, 112\], float32$/m,
      /^- pixels: 0 to 255, RGB, NCHW$/m,
      /^- alignment: five landmarks on ArcFace's template, in 112 × 112: \(38\.2946, 51\.6963\)/m,
      /^## Intended use and limits$/m,
      /^## Training data\n\nNot known here/m,
      /computes 14 of \d+ layers with weights in bytes \(in float32: [^)]*\): activations in uint8, ranges by `squared-error` on 6 pictures that are not scored/,
      /^\| `model\.onnx` \| \d+\.\d\d MB \| [\d.]+ ms \| [01]\.\d{4} ± 0\.\d{4} \|/m,
      /Measured on the same pairs: accuracy [−+]0\.\d{4}, AUC [−+]0\.\d{4}, EER [−+]0\.\d{4}\./,
    ])
      expect(card).toMatch(part);
    for (const code of [SIMILARITY_CODE, ...usageOf('model.onnx', '/model.onnx')])
      expect(card).toContain(code);
    const [float, bytes] = await Promise.all(
      ['model.onnx', 'model.uint8.onnx'].map(async (name) => {
        const content = await readFile(join(out, name));
        const model = decodeModel(content);
        const facts = (key: string) => JSON.parse(metadataOf(model, `cf.${key}`) ?? 'null');
        return { size: content.length, facts };
      }),
    );
    for (const { facts } of [float!, bytes!]) {
      expect(facts('licence')).toBe('cc-by-4.0');
      expect(facts('preprocessing')).toMatchObject({
        width: SIDE,
        height: SIDE,
        order: 'rgb',
        input: 'data',
        shape: [3, SIDE, SIDE],
      });
      expect(facts('pixels')).toMatchObject({ mean: [0, 0, 0], layout: 'nchw' });
      expect(facts('model')).toMatchObject({ output: 'embedding', embeddingSize: 16 });
    }
    expect(float!.facts('quantisation')).toBe(null);
    const facts = bytes!.facts('quantisation');
    expect(facts).toMatchObject({
      method: 'squared-error',
      weights: 'uint8',
      layers: 14,
      calibrationPictures: 6,
    });
    expect(facts.cosine.least).toBeGreaterThan(0.97);
    expect(bytes!.size).toBeLessThan(float!.size / 3);
    expect(Math.abs(facts.float.bytes - float!.size)).toBe(0);
    expect(cosine(...(embeddings as [number[], number[]]))).toBeGreaterThan(0.97);
    expect(told).toMatch(
      /^model\.uint8\.onnx {2}\d\.\d\d MB {2}[\d.]+ ms a picture {2}accuracy [01]\.\d{4}/m,
    );
    expect(told).toMatch(/^cosine between the two 0\.9\d{3} in the mean, 0\.9\d{3} at least\. Measured/m);
  });

  it('runs by the lines of the README, in Node', async () => {
    const [node] = usageOf('model.onnx', '/model.onnx');
    expect(await readmeBlocks()).toContain(node);
    await linkPackages(['onnxruntime-node', 'sharp']);
    const tail = "process.stdout.write(JSON.stringify([...await embed('face.png')]));\n";
    await writeFile(join(out, 'server.mjs'), `${node}${tail}`);
    const { stdout } = await promisify(execFile)(process.execPath, ['server.mjs'], { cwd: out });
    expect(distance(JSON.parse(stdout), embeddings[0]!)).toBeLessThan(1e-5);
  });

  it.skipIf(!hasChromium)(`runs by the lines of the README, in a browser (needs ${CHROMIUM})`, async () => {
    const [, browser] = usageOf('model.onnx', '/model.onnx');
    const blocks = await readmeBlocks();
    for (const block of [browser, SIMILARITY_CODE]) expect(blocks).toContain(block);
    await linkPackages(['onnxruntime-web']);
    const page = (name: string): string => browser!.replace("'/model.onnx'", `'/exported/${name}'`);
    await writeFile(join(out, 'float.js'), `${page('model.onnx')}${SIMILARITY_CODE}`);
    await writeFile(join(out, 'bytes.js'), page('model.uint8.onnx'));
    const entry = join(out, 'page.js');
    await writeFile(
      entry,
      "export { embed, similarity } from './float.js';\nexport { embed as embedBytes } from './bytes.js';\n",
    );
    const site = await openSite(entry, { folders: { '/exported/': out } });
    try {
      const opened = await site.open();
      const [float, bytes, same] = await opened.evaluate(async () => {
        const { embed, embedBytes, similarity } = (globalThis as unknown as InPage).entry;
        const blob = await (await fetch('/exported/face.png')).blob();
        const found = [await embed(blob), await embedBytes(blob)] as const;
        return [[...found[0]], [...found[1]], similarity(found[0], found[1])] as const;
      });
      expect(distance(float, embeddings[0]!)).toBeLessThan(1e-4);
      expect(cosine(bytes, embeddings[1]!)).toBeGreaterThan(0.999);
      expect(same).toBeCloseTo(cosine(float, bytes), 6);
    } finally {
      await site.close();
    }
  });
});

it('bad input ends in one line, and writes nothing', async () => {
  const nowhere = join(base, 'nowhere');
  const model = ['--model', `onnx:${join(base, 'network.onnx')}`, '--out', nowhere];
  for (const [args, line] of [
    [['--out', nowhere], /neither --run nor --model/],
    [[...model, '--run', base], /both --run and --model/],
    [[...model, '--quantise'], /--quantise without --data/],
    [[...model, '--pairs', 'pairs.txt'], /--pairs without --quantise/],
    [[...model, '--calibration-pictures=7'], /--calibration-pictures without --quantise/],
    [['--run', base, '--out', nowhere, '--pairs-folds=1'], /--pairs-folds without --quantise/],
    [
      ['--run', base, '--out', nowhere, '--no-tensors', '--no-embeddings'],
      /--no-tensors with --no-embeddings/,
    ],
    [[...model, '--quantise=int4', '--data', base], /quantise = "int4"/],
    [[...model, '--quantise', '--data', base, '--calibration=mean'], /calibration = "mean"/],
    [[...model, '--quantise', '--data', base, '--calibration-pictures=0'], /calibration-pictures = 0/],
    [['--run', base, '--out', nowhere, '--input', 'raw'], /--run with --input/],
  ] as const) {
    const { code, stderr } = await cf(['export', ...args]);
    expect(stderr).toMatch(line);
    expect(code).toBe(2);
  }
  expect(await readdir(base)).not.toContain('nowhere');
});

it('lines for other pixels take them as they are told', async () => {
  const pictures = { width: 2, height: 2 };
  const form = { mean: [1, 2, 3], std: [4, 5, 6], order: 'bgr', layout: 'nhwc' } as const;
  const used = { file: 'x.onnx', output: 'y/0', preprocessing: preprocessingOf('x', form, pictures) };
  const inputOf = (code: string): Float32Array => {
    const value = new Function('pixels', `return ${/const value = (.*);/.exec(code)![1]!}`)([
      ...Array(16).keys(),
    ]);
    return Float32Array.from({ length: 12 }, value);
  };
  // Pixels 0 1 2, then 3 4 5 …; with alpha 0 1 2 (3), then 4 5 6 ….
  const expected = (step: number) =>
    [0, 1, 2, 3].flatMap((pixel) =>
      [0, 1, 2].map((c) => (step * pixel + 2 - c - form.mean[c]!) / form.std[c]!),
    );
  expect([...inputOf(nodeCode(used))]).toEqual([...Float32Array.from(expected(3))]);
  expect([...inputOf(browserCode(used))]).toEqual([...Float32Array.from(expected(4))]);
  expect(nodeCode(used)).toContain('const { "y/0": embedding } = await session.run({ x: ');
});

/** What the page holds. */
interface InPage {
  readonly entry: {
    readonly embed: (blob: Blob) => Promise<Float32Array>;
    readonly embedBytes: (blob: Blob) => Promise<Float32Array>;
    readonly similarity: (a: Float32Array, b: Float32Array) => number;
  };
}

function usageOf(node: string, browser: string): readonly [string, string] {
  const form = { mean: [0, 0, 0], std: [1, 1, 1], order: 'rgb', layout: 'nchw' } as const;
  const used = {
    output: 'embedding',
    preprocessing: preprocessingOf('data', form, { width: SIDE, height: SIDE }),
  };
  return [nodeCode({ file: node, ...used }), browserCode({ file: browser, ...used })];
}

/** Blocks of code of this package's README. */
async function readmeBlocks(): Promise<readonly string[]> {
  const text = await readFile(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
  return [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code!);
}

/** Packages of this workspace as if they were installed beside the exported files. */
async function linkPackages(names: readonly string[]): Promise<void> {
  await mkdir(join(out, 'node_modules'), { recursive: true });
  const installed = join(import.meta.dirname, '..', '..', 'node_modules');
  for (const name of names)
    await symlink(await realpath(join(installed, name)), join(out, 'node_modules', name));
}
