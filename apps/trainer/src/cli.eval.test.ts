import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatPairs, identityPairs } from '@cf/data';
import { syntheticName, writeSyntheticFolder } from '@cf/data/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { smallOnnx } from './testing/onnx-files.ts';
import { temporaryFolder } from './testing.ts';
import { cf } from './testing-cli.ts';

const PEOPLE = 6;
const EACH = 3;

let base: string;
let model: string;
let data: readonly string[];
const at = (name: string): string => join(base, name);
const picture = (person: number, n: number): string =>
  join('faces', syntheticName(person), `${syntheticName(person)}_000${n + 1}.png`);

const drawn = identityPairs({
  counts: new Array<number>(PEOPLE).fill(EACH),
  seed: 1,
  folds: 3,
  mostPairs: 24,
});

beforeAll(async () => {
  base = await temporaryFolder();
  await writeSyntheticFolder(at('faces'), { seed: 4, identities: PEOPLE, imagesPerIdentity: EACH });
  const image = ({ identity, image: n }: (typeof drawn)[0]['a']) => ({
    name: syntheticName(identity),
    index: n + 1,
  });
  const pairs = drawn.map(({ fold, same, a, b }) => ({ fold, same, a: image(a), b: image(b), line: 0 }));
  await writeFile(at('pairs.txt'), formatPairs({ folds: 3, pairs }));
  await writeFile(at('small.onnx'), smallOnnx());
  await writeFile(at('other.onnx'), smallOnnx({ operator: 'Tanh' }));
  model = `--model=onnx:${at('small.onnx')}`;
  data = ['--data', at('faces')];
});
async function json(...args: string[]) {
  const { code, stdout, stderr } = await cf(['eval', model, '--json', ...args]);
  expect([code, stderr.replace(/^.*(pictures|searches|resamples|skipped).*\n/gm, '')]).toEqual([0, '']);
  return JSON.parse(stdout);
}

describe('cf eval of several models', () => {
  it('compares them on the same pairs, finds people, and draws it all', async () => {
    await mkdir(at('copy'), { recursive: true });
    await cp(at('small.onnx'), at('copy/small.onnx'));
    const more = ['copy/small.onnx', 'other.onnx'].map((name) => `--model=onnx:${at(name)}`);
    const page = at('page.html');
    const flags = [
      ...data,
      '--pairs',
      at('pairs.txt'),
      '--identification',
      '--resamples=40',
      '--report',
      page,
    ];
    const { models, comparisons, problems, unscoredPairs } = await json(...more, ...flags);
    expect([problems, unscoredPairs]).toEqual([0, 0]);
    // Two of one name are told apart by their paths.
    expect(models.map(({ name }: { name: string }) => name)).toEqual([
      at('small.onnx'),
      at('copy/small.onnx'),
      'other.onnx',
    ]);
    const [first, second, third] = models.map(({ name: _, ...rest }: { name: string }) => rest);
    expect(second).toEqual(first);
    expect(third.scoredPairs).not.toEqual(first.scoredPairs);
    expect(first.intervals).toMatchObject({ unit: 'identities', units: PEOPLE, resamples: 40, level: 0.95 });
    const { auc } = first.intervals;
    expect(auc.low <= first.scoredPairs.auc && first.scoredPairs.auc <= auc.high && auc.low < auc.high).toBe(
      true,
    );
    expect(first.scoredPairs.tarAtFar.map(({ far }: { far: number }) => far)).toEqual([
      1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6,
    ]);
    // Everybody has three pictures: one in the gallery, two to search for, no strangers.
    expect(first.identification).toMatchObject({ identities: PEOPLE, mated: 2 * PEOPLE, nonMated: 0 });
    expect(first.identification.cmc[PEOPLE - 1]).toBe(1);
    expect(comparisons).toHaveLength(3);
    expect(comparisons[0]).toMatchObject({
      first: at('small.onnx'),
      second: at('copy/small.onnx'),
      auc: { difference: 0, pValue: 1 },
      mcnemar: { onlyFirst: 0, onlySecond: 0, pValue: 1 },
    });
    expect(comparisons[1].auc.difference).toBeCloseTo(third.scoredPairs.auc - first.scoredPairs.auc, 12);
    const html = await readFile(page, 'utf8');
    for (const text of ['ROC', 'DET', 'CMC', 'TAR at FAR', 'other.onnx less', 'McNemar'])
      expect(html).toContain(text);
    expect(html).not.toMatch(/NaN|undefined/);
  });
});

describe('cf eval of templates and lists', () => {
  it('templates of one picture score as the pictures, in tables and in the form of IJB', async () => {
    const plain = await json(...data, '--pairs', at('pairs.txt'), '--resamples=0');
    expect(plain).not.toHaveProperty('intervals');
    const everybody = Array.from(
      { length: PEOPLE * EACH },
      (_, n) => [Math.floor(n / EACH), n % EACH] as const,
    );
    const name = ({ identity, image }: (typeof drawn)[0]['a']): number => identity * EACH + image;
    const rows = everybody.map(
      ([person, n]) => `${person * EACH + n},${picture(person, n)},${syntheticName(person)}`,
    );
    await writeFile(at('templates.csv'), `template,path,identity\n${rows.join('\n')}\n`);
    const pairs = drawn.map(({ a, b, same, fold }) => `${name(a)},${name(b)},${Number(same)},${fold + 1}`);
    await writeFile(at('of-templates.csv'), `a,b,same,fold\n${pairs.join('\n')}\n`);
    const table = await json(
      '--templates',
      at('templates.csv'),
      '--pairs',
      at('of-templates.csv'),
      '--resamples=20',
    );
    expect(table).toMatchObject({
      accuracy: expect.closeTo(plain.accuracy, 6),
      std: expect.closeTo(plain.std, 6),
    });
    expect(table.scoredPairs.auc).toBeCloseTo(plain.scoredPairs.auc, 6);
    expect(table.intervals).toMatchObject({ unit: 'identities', units: PEOPLE });

    // Two frames of a video and a photograph make up one template a person; no folds, no names.
    const frames = everybody.map(
      ([person, n]) => `${picture(person, n)} ${person} ${n < 2 ? 'clip' : 'photo'}${person}`,
    );
    await writeFile(at('face_tid_mid.txt'), `${frames.join('\n')}\n`);
    await writeFile(at('template_pair_label.txt'), '0 1 0\n2 3 0\n4 5 1\n1 2 1\n');
    const ijb = [
      '--templates',
      at('face_tid_mid.txt'),
      '--pairs',
      at('template_pair_label.txt'),
      '--data',
      base,
    ];
    const made = await json(...ijb, '--resamples=5');
    expect(made.scoredPairs).toMatchObject({ genuinePairs: 2, impostorPairs: 2 });
    expect(made.intervals).toMatchObject({ unit: 'components' });
  });

  it('a list of gallery and probes finds as the folder does; strangers are those whom it does not know', async () => {
    await cp(at('faces'), at('open'), { recursive: true });
    const [unread, ...singles] = [0, 1, 2].map(
      (person) => (n: number) => at(picture(person, n)).replace('faces', 'open'),
    );
    for (const single of singles) for (const n of [1, 2]) await rm(single!(n));
    // It begins as a picture, and breaks off.
    await writeFile(unread!(0), (await readFile(unread!(0))).subarray(0, 200));
    const partly = await json('--data', at('open'), '--identification');
    // Two people have one picture; the other pictures of whoever can't be read in the gallery are no searches for strangers.
    expect(partly).toMatchObject({
      problems: 1,
      identification: { identities: PEOPLE - 3, mated: 6, nonMated: 2 },
    });
    const folder = await json(...data, '--identification');
    expect(folder).not.toHaveProperty('scoredPairs');
    const list = (known: number) =>
      Array.from({ length: PEOPLE * EACH }, (_, n) => {
        const [person, of] = [Math.floor(n / EACH), n % EACH];
        const side = of > 0 || person >= known ? 'probe' : 'gallery';
        return `${picture(person, of)},${syntheticName(person)},${side}`;
      });
    const search = async (known: number) => {
      await writeFile(at('searches.csv'), `path,identity,split\n${list(known).join('\n')}\n`);
      return (await json('--identification', at('searches.csv'))).identification;
    };
    const { intervals, ...whole } = await search(PEOPLE);
    const { intervals: same, ...rest } = folder.identification;
    expect(whole).toEqual(rest);
    // Those who are searched for are listed in the same order, so the draws are the same.
    expect(intervals).toEqual(same);
    expect(intervals.rank1.low <= whole.rank1 && whole.rank1 <= intervals.rank1.high).toBe(true);
    const open = await search(2);
    expect(open).toMatchObject({ identities: 2, mated: 4, nonMated: 12 });
    expect(open.fnirAtFpir[0]).toMatchObject({ fpir: 0.1, status: 'ok' });
    const { stdout, stderr } = await cf(['eval', model, '--identification', at('searches.csv')]);
    expect(stderr).toMatch(/^intervals of searches: .*resamples/m);
    expect(stdout).toMatch(
      /^small\.onnx: 2 people in the gallery, 4 searches for them, 12 for strangers\nrank 1 {4}[01]\.\d{4}, [01]\.\d{4} to [01]\.\d{4}$/m,
    );
    expect(stdout).toMatch(/^FNIR {6}at FPIR 1e-2: too few non-mated searches \(12 of 100\)$/m);
  });

  it.each<[string, string, readonly string[], RegExp]>([
    ['template,path\na,\n', 'csv', ['--templates', 'LIST', '--pairs', 'x'], /:2: path = ""/],
    ['a.jpg 1\n', 'txt', ['--templates', 'LIST', '--pairs', 'x'], /:1: 2 words, expected 3/],
    [
      'template,path,identity\na,1,Ada\na,2,Bo\n',
      'csv',
      ['--templates', 'LIST', '--pairs', 'x'],
      /:3: another identity/,
    ],
    [
      'path,identity,split\n1,Ada,train\n',
      'csv',
      ['--identification', 'LIST'],
      /:2: split 'train', expected gallery or probe/,
    ],
    [
      'path,identity,split\n1,Ada,gallery\n',
      'csv',
      ['--identification', 'LIST'],
      /1 pictures of the gallery and 0 probes/,
    ],
    ['path,who\n1,Ada\n', 'csv', ['--identification', 'LIST'], /:2: no 'identity' among path, who/],
  ])('names file and line of %j, with exit code 3', async (text, extension, flags, message) => {
    const path = at(`bad.${extension}`);
    await writeFile(path, text);
    const { code, stdout, stderr } = await cf([
      'eval',
      model,
      ...flags.map((flag) => (flag === 'LIST' ? path : flag)),
    ]);
    expect(stderr).toMatch(message);
    expect([code, stdout, stderr.split('\n').length]).toEqual([3, '', 3]);
  });

  it.each<[readonly string[], RegExp]>([
    [[], /neither --pairs nor --identification/],
    [['--identification'], /--identification without a list or --data/],
    [['--pairs', 'x', '--align'], /--align without --data/],
    [['--pairs', 'x', '--resamples=1.5'], /--resamples 1\.5/],
    [['--pairs', 'x', '--threads=0'], /threads = 0/],
    [['--identification', '--data', 'x', '--pairs-folds', '1'], /--pairs-folds without --pairs/],
    [['--templates', 'x', '--identification', 'y'], /--templates with --identification LIST/],
  ])('%j are refused with exit code 2', async (flags, message) => {
    const { code, stdout, stderr } = await cf(['eval', model, ...flags]);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, '']);
  });
});
