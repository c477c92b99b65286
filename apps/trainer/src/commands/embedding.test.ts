import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readEmbeddings, syntheticName, writeRecordPack, writeSyntheticFolder } from '@cf/data/node';
import { verificationBin } from '@cf/data/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { smallOnnx } from '../testing/onnx-files.ts';
import { temporaryFolder } from '../testing.ts';
import { runHere } from '../testing-cli.ts';

let [stdout, stderr] = ['', ''];

/** What the process would exit with. */
async function cf(...args: readonly string[]): Promise<number> {
  const result = await runHere(args);
  ({ stdout, stderr } = result);
  return Number(result.code);
}

const IDENTITIES = 6;
let base: string;
let faces: string;
let model: readonly string[];
const picture = (identity: number, image: number): string =>
  join(faces, syntheticName(identity), `${syntheticName(identity)}_000${image}.jpg`);

beforeAll(async () => {
  base = await temporaryFolder();
  faces = join(base, 'faces');
  await writeSyntheticFolder(faces, {
    seed: 2,
    identities: IDENTITIES,
    imagesPerIdentity: 3,
    format: 'jpeg',
  });
  const file = join(base, 'small.onnx');
  await writeFile(file, smallOnnx());
  model = ['--model', `onnx:${file}`];
});
const embed = (out: string, ...flags: readonly string[]): Promise<number> =>
  cf('embed', ...model, '--out', join(base, out), ...flags);

describe('cf embed', () => {
  it('writes what a folder holds, the same as .npy, of length 1 where asked for', async () => {
    expect(await embed('faces.safetensors', '--data', faces)).toBe(0);
    expect(stdout).toContain('18 pictures of 6 identities, 8 numbers each: ');
    expect(stdout).toMatch(/pictures\/s on 1 thread; [\d.]+ % of the network's time went by without/);
    const plain = await readEmbeddings(join(base, 'faces.safetensors'));
    expect([plain.pictures.length, plain.dim]).toEqual([18, 8]);
    const first = syntheticName(0);
    expect(plain.pictures[0]).toEqual({ picture: `${first}/${first}_0001.jpg`, identity: first });
    expect(plain.metadata).toMatchObject({ flip: 'false', normalised: 'false' });
    expect(await embed('faces.npy', '--data', faces, '--normalise', '--batch', '5', '--json')).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ pictures: 18, identities: 6, dim: 8, problems: 0 });
    const unit = await readEmbeddings(join(base, 'faces.npy'));
    expect(unit.pictures).toEqual(plain.pictures);
    for (let row = 0; row < 18; row++) {
      const of = (rows: Float32Array): Float32Array => rows.subarray(8 * row, 8 * row + 8);
      const length = Math.hypot(...of(plain.rows));
      for (const [k, value] of of(unit.rows).entries())
        expect(value).toBeCloseTo(of(plain.rows)[k]! / length, 5);
    }
  });

  it('takes packs, lists, sets and pictures alone, and they are the same pictures', async () => {
    await embed('folder.npy', '--data', faces);
    const { rows } = await readEmbeddings(join(base, 'folder.npy'));
    const people = Array.from({ length: IDENTITIES }, (_, identity) => ({
      name: syntheticName(identity),
      files: [1, 2, 3].map((image) => picture(identity, image)),
    }));
    const pack = join(base, 'pack', 'train.rec');
    await writeRecordPack(pack, people);
    const list = join(base, 'list.csv');
    const lines = people.flatMap(({ name, files }) => files.map((file) => `${file},${name}`));
    await writeFile(list, `path,identity\n${lines.join('\n')}\n`);
    const set = join(base, 'pairs.bin');
    const first = await Promise.all([1, 2].map((image) => readFile(picture(0, image))));
    await writeFile(set, verificationBin(first, [true]));
    const alone = join(base, 'alone');
    await mkdir(alone);
    for (const image of [1, 2, 3]) await copyFile(picture(0, image), join(alone, `${image}.jpg`));
    for (const [data, count, identity] of [
      [pack, 18, syntheticName(0)],
      [list, 18, syntheticName(0)],
      [set, 2, ''],
      [alone, 3, ''],
    ] as const) {
      expect(await embed('other.npy', '--data', data), stderr).toBe(0);
      const other = await readEmbeddings(join(base, 'other.npy'));
      expect([data, other.rows]).toEqual([data, rows.subarray(0, 8 * count)]);
      expect(other.pictures[0]!.identity).toBe(identity);
    }
    expect(stdout).toContain('3 pictures of nobody who is named');
  });

  it('lists what is left out, and writes nothing where all is, or where it must not be', async () => {
    const messy = join(base, 'messy');
    await mkdir(join(messy, 'Ann'), { recursive: true });
    await writeFile(join(messy, 'Ann', '1.jpg'), (await readFile(picture(0, 1))).subarray(0, 500));
    expect(await embed('messy.npy', '--data', messy)).toBe(3);
    expect(stderr).toMatch(
      /skipped: .*1\.jpg: the picture is truncated[\s\S]*no picture of .* could be embedded/,
    );
    await copyFile(picture(0, 1), join(messy, 'Ann', '2.jpg'));
    expect(await embed('messy.npy', '--data', messy, '--strict')).toBe(3);
    expect(stderr).toMatch(/^UnreadableImageError \[E_IMAGE\]: .*1\.jpg/m);
    expect((await readdir(base)).filter((name) => name.includes('messy'))).toEqual(['messy']);
    expect(await embed('messy.npy', '--data', messy)).toBe(0);
    expect(stdout).toMatch(
      /1 pictures of 1 identities.*\n.*\n1 problem with the pictures, listed in .*left-out/,
    );
    const left = join(base, 'messy.left-out.jsonl');
    expect(JSON.parse(await readFile(left, 'utf8'))).toMatchObject({ kind: 'unreadable image' });
    await rm(join(messy, 'Ann', '1.jpg'));
    expect(await embed('messy.npy', '--data', messy)).toBe(0);
    await expect(stat(left)).rejects.toThrow(/ENOENT/);
  });

  it.each([
    [2, ['--out', 'faces.bin'], /--out faces\.bin, expected a name that ends in \.safetensors or \.npy/],
    [2, ['--out', 'a.npy', '--batch', '0'], /batch = 0/],
    [2, ['--out', 'a.npy', '--type', 'int8'], /Allowed choices are float32, float16/],
    [2, ['--out', 'a.npy', '--run', 'x'], /both --model and --run/],
    [3, ['--out', '/nonexistent/a.npy'], /EmbeddingFileError .*ENOENT/],
    [3, ['--out', 'a.npy', '--data', '/nonexistent/faces'], /faces' does not exist/],
  ])('exits with %d for %j', async (code, flags, message) => {
    const data = flags.includes('--data') ? [] : ['--data', faces];
    expect(await cf('embed', ...model, ...data, ...flags)).toBe(code);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });

  it('is measured beside its network alone', async () => {
    const flags = ['--data', faces, '--pictures', '10', '--rounds', '1', '--threads', '1', '--json'];
    expect(await cf('bench', 'embed', ...model, ...flags), stderr).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ pictures: 10, threads: 1 });
    expect(report.ratio).toBeCloseTo(report.whole.picturesPerSecond / report.network.picturesPerSecond, 9);
  });

  it('leaves nothing half after Ctrl-C', async () => {
    const before = await readdir(base);
    const running = embed('stopped.npy', '--data', faces, '--batch', '1');
    const isWriting = async (): Promise<boolean> =>
      (await readdir(base)).some((name) => name.startsWith('.stopped.npy-'));
    while (!(await isWriting())) await new Promise((resolve) => setTimeout(resolve, 1));
    process.emit('SIGINT');
    expect(await running).toBe(130);
    expect(stderr).toMatch(/embedding: stopped after \d+ pictures[\s\S]*interrupted; nothing was written/);
    expect(await readdir(base)).toEqual(before);
  });
});

describe('cf search and cf verify', () => {
  const gallery = (): string => join(base, 'gallery.safetensors');
  beforeAll(async () => {
    expect(await embed('gallery.safetensors', '--data', faces)).toBe(0);
  });

  it('names the nearest, with a threshold of the gallery itself, from a file or from pictures', async () => {
    const flags = ['--picture', picture(4, 2), picture(1, 1), '--far', '0.1', '--top', '2'];
    expect(await cf('search', ...model, '--gallery', gallery(), ...flags), stderr).toBe(0);
    const name = syntheticName(4);
    expect(stdout).toContain('18 pictures of 6 identities in gallery.safetensors\nthreshold ');
    expect(stdout).toMatch(/FAR 1e-1 on 135 impostor pairs of gallery\.safetensors, all that it has\n/);
    expect(stdout).toContain(`\n  1.0000  same   ${name}, ${name}/${name}_0002.jpg\n`);
    expect(stdout).toMatch(/up to 85 % would find somebody/);
    expect(await cf('search', ...model, '--gallery', faces, ...flags, '--json'), stderr).toBe(0);
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({ far: 0.1, impostorPairs: 135, gallery: { pictures: 18, identities: 6 } });
    expect(found.results).toHaveLength(2);
    expect(found.results[1].matches).toHaveLength(2);
    expect(found.results[1].matches[0]).toMatchObject({ identity: syntheticName(1), same: true });
    const mean = ['--score', 'mean', '--picture', picture(4, 2), '--far', '0.1'];
    expect(await cf('search', ...model, '--gallery', gallery(), ...mean), stderr).toBe(0);
    // Every picture with the means of five others.
    expect(stdout).toMatch(/FAR 1e-1 on 90 impostor pairs/);
    // Nobody knows whether those without a name are somebody else: 15 pictures with the means of four others.
    await embed('mixed.npy', '--data', faces);
    const names = join(base, 'mixed.names.jsonl');
    const last = syntheticName(IDENTITIES - 1);
    const known = await readFile(names, 'utf8');
    await writeFile(names, known.replaceAll(`"identity":"${last}"`, '"identity":""'));
    expect(await cf('search', ...model, '--gallery', join(base, 'mixed.npy'), ...mean), stderr).toBe(0);
    expect(stdout).toMatch(/18 pictures of 8 identities[\s\S]*FAR 1e-1 on 60 impostor pairs/);
  });

  it('takes the threshold of pairs, or a number', async () => {
    const rows = [
      `${picture(0, 1)},${picture(0, 2)},1`,
      ...[1, 2, 3, 4, 5].map((other) => `${picture(0, 1)},${picture(other, 1)},0`),
    ];
    const pairs = join(base, 'pairs.csv');
    await writeFile(pairs, `a,b,same\n${rows.join('\n')}\n`);
    const both = [picture(0, 1), picture(0, 2)];
    expect(await cf('verify', ...both, ...model, '--pairs', pairs, '--far', '0.2'), stderr).toBe(0);
    expect(stdout).toMatch(
      /^(same|different): score [\d.]+ [≥<] threshold [\d.]+: FAR 2e-1 on 5 impostor pairs of /,
    );
    expect(await cf('verify', ...both, ...model, '--pairs', pairs, '--far', '0.1')).toBe(3);
    expect(stderr).toMatch(/5 impostor pairs for a FAR of 0\.1, expected at least 10/);
    expect(await cf('verify', both[0]!, both[0]!, ...model, '--threshold', '0.99999', '--json'), stderr).toBe(
      0,
    );
    expect(JSON.parse(stdout)).toMatchObject({ same: true, threshold: 0.99999 });
  });

  it('are measured on drawn embeddings', async () => {
    const flags = ['--rows', '3000', '--dim', '30', '--runs', '1'];
    expect(await cf('bench', 'search', ...flags, '--json'), stderr).toBe(0);
    const { indexMs, oneMs, eachOfFourMs } = JSON.parse(stdout);
    for (const ms of [indexMs, oneMs, eachOfFourMs]) expect(ms).toBeGreaterThan(0);
    expect(await cf('bench', 'search', ...flags)).toBe(0);
    expect(stdout).toMatch(
      /^3,000 × 30 numbers, made ready in [\d.]+ ms\none picture: [\d.]+ ms; each of four/,
    );
    expect(await cf('bench', 'search', '--rows', '0')).toBe(2);
  });

  it('take a run, and the threshold of its own evaluation', async () => {
    const run = join(base, 'run');
    const small = ['--pixels', '8', '--dim', '8', '--epochs', '1', '--batch', '8', '--no-control'];
    // Two folds with all pairs of two people: enough for one rate.
    const rows = Array.from({ length: IDENTITIES ** 2 }, (_, i) => {
      const [a, b] = [Math.floor(i / IDENTITIES), i % IDENTITIES];
      return a > b ? [] : `${picture(a, 1)},${picture(b, 2)},${Number(a === b)},${(i % 2) + 1}`;
    });
    const pairs = join(base, 'scored.csv');
    await writeFile(pairs, `a,b,same,fold\n${rows.flat().join('\n')}\n`);
    const data = ['--data', faces, '--pairs', pairs];
    expect(await cf('train', ...data, ...small, '--out', run), stderr).toBe(0);
    const [trained] = JSON.parse(await readFile(join(run, 'results.json'), 'utf8'));
    const { threshold } = trained.scoredPairs.tarAtFar[0];
    expect(await cf('verify', picture(0, 1), picture(0, 1), '--run', run, '--far', '0.1'), stderr).toBe(0);
    expect(stdout).toMatch(
      /^same: score 1\.0000 ≥ threshold \S+: FAR 1e-1 on 15 impostor pairs of the evaluation in /,
    );
    expect(stdout).toContain(` threshold ${threshold.toFixed(4)}: `);
    expect(await cf('embed', '--run', run, '--data', faces, '--out', join(base, 'run.npy')), stderr).toBe(0);
    expect((await readEmbeddings(join(base, 'run.npy'))).dim).toBe(8);
    expect(await cf('search', '--run', run, '--gallery', gallery(), '--picture', picture(0, 1))).toBe(2);
    expect(stderr).toMatch(/another network has embedded/);
  });

  it('answers "different" with 0, and with 1 where the exit code is to say it', async () => {
    const flags = [picture(0, 1), picture(1, 1), ...model, '--threshold', '0.99999'];
    expect(await cf('verify', ...flags), stderr).toBe(0);
    expect(stdout).toMatch(/^different: score [\d.]+ < threshold 1\.0000: as given\n$/);
    expect(await cf('verify', ...flags, '--exit-code')).toBe(1);
    expect(await cf('verify', picture(0, 1), picture(0, 1), ...flags.slice(2), '--exit-code')).toBe(0);
  });

  it('goes on without pictures that can not be read, and ends with 3 without any', async () => {
    const broken = join(base, 'broken.jpg');
    await writeFile(broken, 'words');
    const flags = [...model, '--gallery', gallery(), '--threshold', '0.5'];
    expect(await cf('search', ...flags, '--picture', broken, picture(0, 1)), stderr).toBe(0);
    expect(stderr).toMatch(/skipped: .*broken\.jpg: the content is no JPEG/);
    expect(stdout.match(/\.jpg\n {2}1\.0000/g)).toHaveLength(1);
    expect(await cf('search', ...flags, '--picture', broken, base)).toBe(3);
    expect(stderr).toMatch(/it is a folder/);
    expect(await cf('verify', broken, picture(0, 1), ...model, '--threshold', '0.5')).toBe(3);
  });

  it('refuses other embeddings, rates that nothing shows, and flags that do not fit', async () => {
    const other = join(base, 'other.onnx');
    await writeFile(other, smallOnnx({ operator: 'Neg' }));
    const flags = ['--gallery', gallery(), '--picture', picture(0, 1)];
    expect(await cf('search', '--model', `onnx:${other}`, ...flags)).toBe(2);
    expect(stderr).toMatch(/gallery\.safetensors, which another network has embedded/);
    expect(await cf('search', ...model, ...flags, '--flip')).toBe(2);
    expect(stderr).toMatch(/embedded without --flip/);
    expect(await cf('search', ...model, ...flags)).toBe(3);
    expect(stderr).toMatch(/135 impostor pairs for a FAR of 0\.001, expected at least 1000/);
    expect(await cf('search', ...model, ...flags, '--threshold', '1', '--far', '0.1')).toBe(2);
    expect(stderr).toMatch(/--threshold with --far/);
    // Told before the gallery is embedded.
    const unread = ['--gallery', '/nonexistent', '--picture', picture(0, 1)];
    for (const far of ['0', '2', '-0.1']) {
      expect(await cf('search', ...model, ...unread, `--far=${far}`)).toBe(2);
      expect(stderr).toMatch(/--far \S+, expected a rate above 0, 1 at most/);
    }
    expect(await cf('search', ...model, ...unread, '--threshold', '40')).toBe(2);
    expect(stderr).toMatch(/--threshold 40, expected a cosine/);
    const pair = [picture(0, 1), picture(0, 2), ...model, '--gallery', '/nonexistent'];
    for (const flag of ['--threshold=0.5', '--pairs=x']) {
      expect(await cf('verify', ...pair, flag)).toBe(2);
      expect(stderr).toMatch(/--gallery with --(threshold|pairs), expected one of them/);
    }
    expect(await cf('search', ...model, ...unread, '--data', faces)).toBe(2);
    expect(stderr).toMatch(/--data without --pairs/);
    expect(await cf('verify', picture(0, 1), picture(0, 2), ...model)).toBe(2);
    expect(stderr).toMatch(
      /nothing that shows a FAR of 0\.001.*\nFix: say --threshold, --pairs FILE, or --gallery/,
    );
    expect(await cf('search', ...model, '--gallery', picture(0, 1), '--picture', picture(0, 1))).toBe(3);
    expect(stderr).toMatch(/is not a folder, nor a pack or list/);
  });

  it('have help with examples', async () => {
    for (const command of ['embed', 'search', 'verify']) {
      expect(await cf(command, '--help')).toBe(0);
      expect(stdout).toMatch(/The exit code is 0[\s\S]*Examples:\n {2}cf /);
    }
  });
});
