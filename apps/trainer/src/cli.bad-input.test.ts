import { copyFile, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatPairs } from '@cf/data';
import { syntheticName, writeSyntheticFolder } from '@cf/data/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { contents, temporaryFolder } from './testing.ts';
import { cf } from './testing-cli.ts';

const FLAGS = ['--pixels=8', '--epochs=1', '--batch=8', '--dim=8', '--no-control'];
const NFC = 'Zoë'.normalize('NFC');
const NFD = 'Zoë'.normalize('NFD');

let base: string;
/** A folder with everything wrong in it that can be. */
let messy: string;
let pairs: string;

const picture = (identity: number, image: number): string =>
  join(messy, syntheticName(identity), `${syntheticName(identity)}_000${image}.jpg`);

beforeAll(async () => {
  base = await temporaryFolder();
  messy = join(base, 'messy');
  await writeSyntheticFolder(messy, { seed: 2, identities: 10, imagesPerIdentity: 4, format: 'jpeg' });
  const whole = await readFile(picture(0, 1));
  await writeFile(picture(0, 1), whole.subarray(0, whole.length / 2));
  await writeFile(picture(1, 1), 'these are words, not a picture\n');
  await writeFile(picture(2, 1), '');
  await mkdir(join(messy, 'Nobody'));
  // One identity whose folder is there in both Unicode forms, two pictures in each.
  await rename(join(messy, syntheticName(9)), join(messy, NFC));
  await mkdir(join(messy, NFD));
  for (const image of [1, 2]) {
    const name = `${syntheticName(9)}_000${image}.jpg`;
    await rename(join(messy, NFC, name), join(messy, NFD, name));
  }
  pairs = join(base, 'pairs.txt');
  const pair = (same: boolean, a: [number, number], b: [number, number]) => ({
    fold: 0,
    same,
    a: { name: syntheticName(a[0]), index: a[1] },
    b: { name: syntheticName(b[0]), index: b[1] },
    line: 0,
  });
  await writeFile(
    pairs,
    formatPairs({
      folds: 1,
      pairs: [
        pair(true, [3, 1], [3, 2]),
        pair(true, [4, 1], [4, 9]),
        pair(true, [0, 1], [0, 2]),
        pair(false, [3, 1], [4, 1]),
        pair(false, [5, 1], [6, 1]),
        pair(false, [5, 2], [6, 2]),
      ],
    }),
  );
});

const line = (output: string, text: string): string => {
  const found = output.split('\n').filter((l) => l.includes(text));
  expect(found).toHaveLength(1);
  return found[0]!;
};

/** A folder of whole pictures, but for one. */
async function folderWith(
  folder: string,
  [identity, image]: readonly [identity: number, image: number],
  instead: (whole: Buffer) => Uint8Array | string,
): Promise<string> {
  const root = join(base, folder);
  await writeSyntheticFolder(root, { seed: 2, identities: 10, imagesPerIdentity: 4, format: 'jpeg' });
  const name = syntheticName(identity);
  const file = join(root, name, `${name}_000${image}.jpg`);
  await writeFile(file, instead(await readFile(file)));
  return root;
}

describe.concurrent('a folder with bad files', () => {
  it('is trained on without them; each is named in one line, counted, and listed in the report', async () => {
    const before = await contents(messy);
    const run = join(base, 'run');
    const { code, stdout, stderr } = await cf(['train', '--data', messy, ...FLAGS, '--out', run]);
    expect(code).toBe(0);
    expect(line(stderr, '00000_0001.jpg')).toMatch(/^skipped: .*: the picture is truncated or damaged/);
    expect(line(stderr, '00001_0001.jpg')).toMatch(
      /^skipped: .*: the content is no JPEG, PNG, WebP, AVIF or BMP$/,
    );
    expect(line(stderr, '00002_0001.jpg')).toMatch(/^skipped: .*empty/);
    expect(line(stderr, 'Nobody')).toMatch(/^skipped: .*no readable picture/);
    expect(line(stderr, 'two Unicode forms')).toMatch(/^skipped: .*one identity/);
    // Ten identities, the one of two Unicode forms counted once; two held out.
    expect(stdout).toMatch(/^8 identities, /);
    expect(stdout).toMatch(/^5 problems with the pictures; \d+ pairs could not be scored; the report lists/m);
    const page = await readFile(join(run, 'report.html'), 'utf8');
    expect(page).toContain('5 left out');
    for (const name of ['00000_0001.jpg', '00001_0001.jpg', '00002_0001.jpg', 'Nobody', 'Unicode forms'])
      expect(page).toContain(name);
    expect(await contents(messy)).toEqual(before);

    const again = await cf(['train', '--resume', run]);
    expect(again.stdout).toMatch(/^5 problems with the pictures/m);
  });

  it('stops a strict training at a damaged picture, which an earlier one has skipped', async () => {
    const damaged = await folderWith('damaged', [0, 1], (whole) => whole.subarray(0, whole.length / 2));
    const run = join(base, 'lenient');
    expect((await cf(['train', '--data', damaged, ...FLAGS, '--out', run])).code).toBe(0);
    const strict = await cf([
      'train',
      '--data',
      damaged,
      ...FLAGS,
      '--strict',
      '--features-from',
      run,
      '--out',
      join(base, 'strict'),
    ]);
    expect(strict.code).toBe(3);
    expect(strict.stdout).toMatch(
      /^features of \d+ images from .*lenient.features\.safetensors; those of 1 other are extracted$/m,
    );
    expect(strict.stderr).toMatch(/UnreadableImageError \[E_IMAGE\]: .*00000_0001\.jpg/);
  });

  it('stops a strict training, also at what is no picture at all', async () => {
    const texts = await folderWith('texts', [1, 2], () => 'these are words, not a picture\n');
    const out = join(base, 'strict-texts');
    const { code, stderr } = await cf(['train', '--data', texts, ...FLAGS, '--strict', '--out', out]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/UnreadableImageError \[E_IMAGE\]: .*_0002\.jpg: the content is no JPEG/);
  });

  it('is scored without them: pairs that lack a picture are named and counted', async () => {
    const run = join(base, 'paired');
    const lists = ['--data', messy, '--pairs', pairs];
    const training = await cf(['train', ...lists, ...FLAGS, '--out', run]);
    expect(training.code).toBe(0);
    expect(line(training.stderr, '00004_0009.jpg')).toMatch(/^skipped: .*pairs\.txt:\d+.*E_PAIR_IMAGE/);
    expect(training.stdout).toMatch(/^6 problems with the pictures; 2 pairs could not be scored/m);
    const [text, json, strict] = await Promise.all([
      cf(['eval', '--run', run, ...lists]),
      cf(['eval', '--run', run, ...lists, '--json']),
      cf(['eval', '--run', run, ...lists, '--strict']),
    ]);
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/^.*: 1 genuine and 3 impostor pairs$/m);
    expect(text.stdout).toMatch(/^2 problems with the pictures; 2 pairs could not be scored$/m);
    expect(JSON.parse(json.stdout)).toMatchObject({ problems: 2, unscoredPairs: 2 });
    expect(strict.code).toBe(3);
    expect(strict.stderr).toMatch(/PairImageError \[E_PAIR_IMAGE\]: .*00004_0009\.jpg/);
  });
});

describe.concurrent('input that can not be used at all is named, exits with 3, and no run folder is left', () => {
  it.each<[string, () => Promise<string[]>, RegExp]>([
    ['a missing folder', async () => ['--data', join(base, 'none')], /none' does not exist/],
    [
      'an empty folder',
      async () => {
        await mkdir(join(base, 'empty'), { recursive: true });
        return ['--data', join(base, 'empty')];
      },
      /empty' holds no identity folder/,
    ],
    ['a file in place of a folder', async () => ['--data', pairs], /pairs\.txt' is not a folder/],
    [
      'a malformed list of pairs',
      async () => {
        await writeFile(join(base, 'bad-pairs.txt'), '1\t1\nsomeone\t1\n');
        return ['--data', messy, '--pairs', join(base, 'bad-pairs.txt')];
      },
      /bad-pairs\.txt:2: /,
    ],
    [
      'a backbone that is missing',
      async () => ['--data', messy, '--backbone', `onnx:${join(base, 'none.onnx')}`],
      /BackboneError \[E_BACKBONE\]: .*none\.onnx', which does not exist/,
    ],
    [
      'a backbone of noise',
      async () => {
        const noise = Uint8Array.from({ length: 4096 }, (_, i) => (i * 197 + (i >> 3)) % 256);
        await writeFile(join(base, 'noise.onnx'), noise);
        return ['--data', messy, '--backbone', `onnx:${join(base, 'noise.onnx')}`];
      },
      /BackboneError \[E_BACKBONE\]: .*noise\.onnx' \(.+\), expected an ONNX model/,
    ],
  ])('%s', async (_, args, message) => {
    const out = join(base, 'unused');
    const flags = (await args()) as string[];
    const small = flags.includes('--backbone') ? FLAGS.filter((flag) => !flag.includes('pixels')) : FLAGS;
    const { code, stderr } = await cf(['train', ...flags, ...small, '--out', out]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(3);
    expect(await readdir(base)).not.toContain('unused');
  });

  it('too few identities to hold any out', async () => {
    const few = join(base, 'few');
    await mkdir(few);
    for (const identity of [3, 4]) {
      await mkdir(join(few, syntheticName(identity)));
      for (const image of [1, 2])
        await copyFile(picture(identity, image), join(few, syntheticName(identity), `${image}.jpg`));
    }
    const { code, stderr } = await cf(['train', '--data', few, ...FLAGS, '--out', join(base, 'unused')]);
    expect(stderr).toMatch(/2 usable identities in .*, expected at least 4 .*, or --pairs/);
    expect(code).toBe(2);
  });
});

it('a bench tells what its own process could not do as if it had failed itself', async () => {
  const { code, stderr, stdout } = await cf(['bench', 'data', '--data', '/nonexistent']);
  expect([code, stdout]).toEqual([3, '']);
  expect(stderr).toMatch(/^DataFolderError .*'\/nonexistent' does not exist.*\nFix: [^\n]+\n$/);
});
